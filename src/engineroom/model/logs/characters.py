"""Where a text in UTF-8 can be cut so that no character is cut in two; what is no UTF-8 is cut anywhere."""

_CONTINUATION_BITS, _CONTINUATION = 0xC0, 0x80
_MAX_BYTES = 4


def cut_before(data: bytes, place: int) -> int:
    """Return the last place up to `place` at which a character begins."""
    for begin in range(place, max(-1, place - _MAX_BYTES), -1):
        if begin >= len(data) or not _continues(data[begin]):
            return begin
    return place


def cut_behind(data: bytes, place: int) -> int:
    """Return the first place from `place` on at which a character begins."""
    for begin in range(place, min(len(data) + 1, place + _MAX_BYTES)):
        if begin == len(data) or not _continues(data[begin]):
            return begin
    return place


def _continues(byte: int) -> bool:
    """Return whether a byte is not the first of a character (RFC 3629, section 3)."""
    return byte & _CONTINUATION_BITS == _CONTINUATION
