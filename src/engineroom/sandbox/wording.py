"""What tenants' files, programs and servers say, as it may stand in an error: they choose every character of it."""

LONGEST = 1000
_UNSHOWN = "\ufffd"


def in_a_line(text: str) -> str:
    """Return the beginning of a text in one line, of which every database stores, and no terminal obeys, a character.

    Control characters, a half of a surrogate pair and what changes the direction of text are replaced (str.isprintable).
    """
    line = " ".join(text[: 2 * LONGEST].split())
    shown = "".join(character if character.isprintable() else _UNSHOWN for character in line)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
