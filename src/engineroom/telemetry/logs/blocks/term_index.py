"""The index of a block's terms: a search looks here first, and skips the blocks that cannot match.

Two sets, because they are so unlike. The runs of letters are few, whatever is logged, and are all that is read when letters
alone are looked for. The words with a digit in them (numbers, ids) are many, and different in every block.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard

_LEVEL = 1
_ALPHABETIC = re.compile(rb"[a-z_\x80-\xff]+")
_FRAGMENT = re.compile(rb"[0-9a-z_\x80-\xff]+")


def _table(kept: re.Pattern[bytes]) -> bytes:
    """Return a table that lowers the letters of ASCII, and makes a space of what is no part of a word."""
    lower = (bytes([byte]).lower() for byte in range(256))
    return b"".join(byte if kept.fullmatch(byte) else b" " for byte in lower)


_TO_WORDS = _table(_FRAGMENT)
_TO_LETTERS = _table(_ALPHABETIC)


@dataclass(frozen=True, slots=True)
class Terms:
    """The distinct terms of a block, separated by spaces and compressed."""

    letters: bytes
    numbers: bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.letters) + len(self.numbers)


def terms_of(text: bytes) -> Terms:
    """Return the terms of a block's text."""
    distinct = set(text.translate(_TO_WORDS).split())
    every = b" ".join(distinct)
    letters = b" ".join(set(every.translate(_TO_LETTERS).split()))
    numbers = b" ".join([word for word in distinct if not word.isalpha()])
    return Terms(zstandard.compress(letters, _LEVEL), zstandard.compress(numbers, _LEVEL))


@dataclass(frozen=True, slots=True)
class Fragments:
    """What a block must have among its terms for its text to match: parts of words, in lower case."""

    letters: Sequence[bytes]
    numbers: Sequence[bytes]

    def may_be_in_letters(self, stored: bytes) -> bool:
        """Return whether the letters of a block have all the fragments of letters."""
        return _has_all(stored, self.letters)

    def may_be_in_numbers(self, stored: bytes) -> bool:
        """Return whether the words with digits of a block have all the other fragments."""
        return _has_all(stored, self.numbers)


def fragments_of(text: str) -> Fragments:
    """Return the fragments of a text that is looked for, in whatever case."""
    # Lowering what is not ASCII may change its bytes, so that is left to the search of the text itself.
    ascii_only = "".join(character if character.isascii() else " " for character in text)
    letters: set[bytes] = set()
    numbers: set[bytes] = set()
    for word in re.findall(r"\w+", ascii_only.lower()):
        found = word.encode()
        (letters if found.isalpha() else numbers).add(found)
        letters.update(_ALPHABETIC.findall(found))
    return Fragments(sorted(letters, key=len, reverse=True), sorted(numbers, key=len, reverse=True))


def _has_all(stored: bytes, fragments: Sequence[bytes]) -> bool:
    if not fragments:
        return True
    terms = zstandard.decompress(stored)
    return all(fragment in terms for fragment in fragments)
