"""The text of a `.env` file, read as phpdotenv reads it (github.com/vlucas/phpdotenv, version 5), in linear time.

It differs from other readers of them: `abc#def` without quotes is `abc`, `\\$` between double quotes is a dollar, nothing
is filled in between single quotes, and a variable that the process has already wins, also where it is filled in. One line
that is not understood makes the whole file unreadable.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

MAX_BYTES = 1 << 20
"""Of a file, and of what its values may grow to: each may name the one before it twice."""

_TRIMMED = " \t\n\r\0\x0b"
"""What PHP's `trim` removes."""
_SPACES = frozenset(" \t\n\r\v\f")
_TOKEN = re.compile(r"[\r\n]+|[ \t\v\f]+|[\\'\"#$]|[^ \t\n\r\v\f\\'\"#$]+")
_NAME = re.compile(r"[\w.]+")
_NESTED_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
_QUOTE_BEHIND = re.compile(r'(?=[^\\]")')
_ESCAPED = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class DotenvError(Exception):
    """The `.env` file cannot be read: its reader refuses the whole of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A name and its value as it is written; None where no value is given, which forgets an earlier one.

    `dollars` are the places of what may begin a `${NAME}`, in their order.
    """

    name: str
    value: str | None
    dollars: tuple[int, ...] = ()


def decoded(content: bytes) -> str:
    """Return the text of a file, without the mark of its encoding. Raises DotenvError when it is too large."""
    if len(content) > MAX_BYTES:
        raise DotenvError(f"it is larger than {MAX_BYTES} bytes")
    text = content.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
    return re.sub("[\udc80-\udcff]", "?", text)


def read(text: str, outside: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a file as its process sees them, but for those that it has already from `outside`.

    Raises DotenvError.
    """
    found: dict[str, str] = {}
    size = 0
    for entry in parse(text):
        if entry.name in outside:
            continue
        if entry.value is None:
            found.pop(entry.name, None)
            continue
        found[entry.name] = _filled_in(entry.value, entry.dollars, outside, found)
        size += len(found[entry.name])
        if size > MAX_BYTES:
            raise DotenvError(f"its values grow beyond {MAX_BYTES} characters")
    return found


def parse(text: str) -> list[Entry]:
    """Return the entries of a file, in their order. Raises DotenvError at the first line that is none."""
    return [_entry(line) for line in _lines(text)]


def _lines(text: str) -> Iterator[str]:
    """Return the lines that are neither empty nor comments; what is between double quotes may be several."""
    begun: list[str] = []
    for line in re.split("\r\n|\n|\r", text):
        starts = '="' in line and not _ends(line, starts=True)
        if begun or starts:
            begun.append(line)
            if not _ends(line, starts=starts):
                continue
            line = "\n".join(begun)  # noqa: PLW2901
            begun = []
        plain = line.strip(_TRIMMED)
        if plain and not plain.startswith("#"):
            yield line


def _ends(line: str, *, starts: bool) -> bool:
    """Return whether a value between double quotes ends in this line."""
    if line == '"':
        return True
    quotes = sum(1 for _ in _QUOTE_BEHIND.finditer(line.replace("\\\\", "")))
    return quotes > 1 if starts else quotes >= 1


def _entry(line: str) -> Entry:
    name, equals, value = line.partition("=")
    if not equals:
        return Entry(_name(line), None)
    name = name.strip(_TRIMMED)
    if not name:
        raise _refused("an unexpected equals", line)
    return Entry(_name(name), *_value(value.strip(_TRIMMED)))


def _name(name: str) -> str:
    if len(name) > len("export x") and name.startswith("export") and name[6] in _SPACES:
        name = name[6:].lstrip(_TRIMMED)
    if len(name) > 2 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    if not _NAME.fullmatch(name):
        raise _refused("an invalid name", name)
    return name


def _refused(what: str, where: str) -> DotenvError:
    # The first line only, and of that only what names it: a value may be a secret.
    line = where.strip(_TRIMMED).split("\n", 1)[0].partition("=")[0]
    return DotenvError(f"it has {what} at {line[:40]!r}")


class _ReaderState(Enum):
    INITIAL = auto()
    PLAIN = auto()
    SINGLE = auto()
    DOUBLE = auto()
    ESCAPE = auto()
    BEHIND = auto()
    COMMENT = auto()


_OPEN = (_ReaderState.SINGLE, _ReaderState.DOUBLE, _ReaderState.ESCAPE)
_Step = tuple[str, _ReaderState]


def _value(text: str) -> tuple[str, tuple[int, ...]]:
    state = _ReaderState.INITIAL
    parts: list[str] = []
    dollars: list[int] = []
    length = 0
    for match in _TOKEN.finditer(text):
        before = state
        part, state = _STEPS[before](match[0])
        if part == "$" and before not in (_ReaderState.SINGLE, _ReaderState.ESCAPE):
            dollars.append(length)
        parts.append(part)
        length += len(part)
    if state in _OPEN:
        raise DotenvError("it has a missing closing quote")
    return "".join(parts), tuple(dollars)


def _initial(word: str) -> _Step:
    quoted = {"'": _ReaderState.SINGLE, '"': _ReaderState.DOUBLE, "#": _ReaderState.COMMENT}.get(word)
    return (word, _ReaderState.PLAIN) if quoted is None else ("", quoted)


def _plain(word: str) -> _Step:
    if word == "#":
        return "", _ReaderState.COMMENT
    return ("", _ReaderState.BEHIND) if word[0] in _SPACES else (word, _ReaderState.PLAIN)


def _single(word: str) -> _Step:
    return ("", _ReaderState.BEHIND) if word == "'" else (word, _ReaderState.SINGLE)


def _double(word: str) -> _Step:
    if word == '"':
        return "", _ReaderState.BEHIND
    return ("", _ReaderState.ESCAPE) if word == "\\" else (word, _ReaderState.DOUBLE)


def _escape(word: str) -> _Step:
    if word in {'"', "\\", "$"}:
        return word, _ReaderState.DOUBLE
    if word[0] in _ESCAPED:
        return _ESCAPED[word[0]] + word[1:], _ReaderState.DOUBLE
    raise DotenvError(f"it has an unexpected escape sequence, \\{word[0]}")


def _behind(word: str) -> _Step:
    if word == "#":
        return "", _ReaderState.COMMENT
    if word[0] in _SPACES:
        return "", _ReaderState.BEHIND
    raise DotenvError("it has unexpected whitespace: quote a value that has blanks")


def _comment(_word: str) -> _Step:
    return "", _ReaderState.COMMENT


_STEPS = {
    _ReaderState.INITIAL: _initial,
    _ReaderState.PLAIN: _plain,
    _ReaderState.SINGLE: _single,
    _ReaderState.DOUBLE: _double,
    _ReaderState.ESCAPE: _escape,
    _ReaderState.BEHIND: _behind,
    _ReaderState.COMMENT: _comment,
}


def _filled_in(value: str, dollars: tuple[int, ...], *known: Mapping[str, str]) -> str:
    """Return the value with each `${NAME}` that is known filled in, the last one first: a name may hold another.

    What is on the right of the place that is looked at lies on a stack, its first character on top.
    """
    if not dollars:
        return value
    stack: list[str] = []
    places = set(dollars)
    for place in range(len(value) - 1, -1, -1):
        stack.append(value[place])
        if place in places:
            _fill_in_top(stack, known)
    return "".join(reversed(stack))


def _fill_in_top(stack: list[str], known: tuple[Mapping[str, str], ...]) -> None:
    if stack[-2:-1] != ["{"]:
        return
    end = len(stack) - 3
    while end >= 0 and stack[end] in _NESTED_NAME:
        end -= 1
    if end < 0 or stack[end] != "}":
        return
    name = "".join(reversed(stack[end + 1 : -2]))
    value = next((variables[name] for variables in known if name in variables), None)
    if value is None:
        return
    if len(stack) + len(value) > MAX_BYTES:
        raise DotenvError(f"its values grow beyond {MAX_BYTES} characters")
    del stack[end:]
    stack.extend(reversed(value))
