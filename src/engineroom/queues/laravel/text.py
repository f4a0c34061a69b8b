"""The names that the framework makes of others (`Illuminate\\Support\\Str`)."""

import re
import unicodedata
from collections.abc import Mapping

_SPELT: Mapping[str, str] = {
    **dict(zip("ÐØŁĦŦĐŊðøłħŧđŋıĸĶ", ("D", "O", "L", "H", "T", "D", "N", *"dolhtdnikk"), strict=True)),
    "Æ": "AE",
    "æ": "ae",
    "Œ": "OE",
    "œ": "oe",
    "Þ": "TH",
    "þ": "th",
    "ß": "ss",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{NO-BREAK SPACE}": " ",
}
"""How portable-ascii spells what Unicode does not take apart."""
_LETTERS = range(0xC0, 0x180)
"""Latin letters with marks, of which Unicode says which letter is marked."""
_SPACES = " \t\n\r\v\f"


class SpellingError(Exception):
    """A name has characters that only the framework itself can spell in ASCII."""

    def __init__(self, character: str) -> None:
        super().__init__(f"only PHP can tell how the framework spells {character!r} in ASCII")


def slug(text: str, separator: str = "-") -> str:
    """Return what `Str::slug` makes of a text. Raises SpellingError."""
    flipped = re.escape("_" if separator == "-" else "-")
    kept = re.escape(separator)
    plain = re.sub(f"[{flipped}]+", lambda _: separator, "".join(map(_ascii, text)))
    plain = plain.replace("@", f"{separator}at{separator}").lower()
    plain = re.sub(f"[^{kept}a-z0-9{_SPACES}]+", "", plain)
    return re.sub(f"[{kept}{_SPACES}]+", lambda _: separator, plain).strip(separator)


def snake(text: str, delimiter: str = "_") -> str:
    """Return what `Str::snake` makes of a text. Raises SpellingError for what is not ASCII."""
    if not text.isascii():
        raise SpellingError(next(character for character in text if not character.isascii()))
    if re.fullmatch("[a-z]+", text):
        return text
    words = re.sub(f"(^|[{_SPACES}])([a-z])", lambda match: match[1] + match[2].upper(), text)
    joined = re.sub(f"[{_SPACES}]+", "", words)
    return re.sub("(.)(?=[A-Z])", lambda match: match[1] + delimiter, joined).lower()


def _ascii(character: str) -> str:
    if character.isascii():
        return "" if character in "\v\f" else character
    if character in _SPELT:
        return _SPELT[character]
    if ord(character) in _LETTERS:
        return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    raise SpellingError(character)
