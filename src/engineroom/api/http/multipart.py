"""Reading a file from a multipart body (RFC 7578), whatever the header says of its type.

The body is searched for its boundary from front to back, once: nothing that is in it can make that take longer.
"""

from email.message import Message

_MAX_BOUNDARY_LENGTH = 70
"""RFC 2046, section 5.1.1."""
_MAX_PARTS = 20
_MAX_HEAD_LENGTH = 1024
_LINE = b"\r\n"


def uploaded(content: bytes, media_type: str, name: str) -> bytes | None:
    """Return the file in the field `name`, None when there is none.

    A client is known to send another content type with it (contract sheet, open question Q22): then the first line is the
    boundary.
    """
    boundary = _boundary(content, media_type)
    if boundary is None:
        return None
    # The first boundary may stand at the very beginning, where no line ends before it.
    for part in (_LINE + content).split(_LINE + b"--" + boundary, _MAX_PARTS)[1:]:
        if part.startswith(b"--"):
            # What is behind the last boundary is no part.
            return None
        head, _, file = part.partition(_LINE + _LINE)
        if _name(head) == name:
            return file
    return None


def _boundary(content: bytes, media_type: str) -> bytes | None:
    if media_type.lower().startswith("multipart/"):
        found = _parameter(media_type, "boundary")
        boundary = b"" if found is None else found.encode("latin-1", "replace")
    else:
        first = content[: _MAX_BOUNDARY_LENGTH + 4].partition(_LINE)[0]
        boundary = first[2:] if first.startswith(b"--") else b""
    return boundary if 0 < len(boundary) <= _MAX_BOUNDARY_LENGTH else None


def _name(head: bytes) -> str | None:
    """Return the name of the field that a part is for."""
    for line in head[:_MAX_HEAD_LENGTH].split(_LINE):
        header, _, value = line.partition(b":")
        if header.strip().lower() == b"content-disposition":
            return _parameter(value.decode("latin-1"), "name")
    return None


def _parameter(value: str, name: str) -> str | None:
    """Return a parameter of a header, such as `name` of `form-data; name="avatar"`."""
    message = Message()
    message["content-type"] = value[:_MAX_HEAD_LENGTH]
    found = message.get_param(name)
    return found if isinstance(found, str) else None
