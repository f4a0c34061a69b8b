"""The words of a file of PHP."""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from engineroom.queues.laravel.values import UnreadableValue, Value

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\f\v]+|//[^\n]*|\#(?!\[)[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
    |(?P<single>'(?:[^'\\]|\\[\s\S])*')
    |(?P<double>"(?:[^"\\]|\\[\s\S])*")
    |(?P<heredoc><<<[ \t]*(?P<quote>["']?)(?P<end>[A-Za-z_]\w*)(?P=quote)\r?\n(?:(?![ \t]*(?P=end)\b).*\n)*[ \t]*(?P=end)\b)
    |(?P<variable>\$[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)
    |(?P<name>\\?[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*(?:\\[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)*)
    |(?P<number>0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<mark>\?\?=|===|!==|\.\.\.|\?->|<=>|=>|->|::|\?\?|\?:|==|!=|<=|>=|&&|\|\||[-+*/%.=<>!?:;,()\[\]{}&|^~@\\#\$`])""",
    re.VERBOSE,
)
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "v": "\v",
    "e": "\x1b",
    "f": "\f",
    "\\": "\\",
    "$": "$",
    '"': '"',
}
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[\s\S])")
_FILLED_IN = re.compile(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{]|\{\$)")


class Kind(Enum):
    """Of a word."""

    SINGLE = "single"
    DOUBLE = "double"
    HEREDOC = "heredoc"
    VARIABLE = "variable"
    NAME = "name"
    NUMBER = "number"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class PhpToken:
    """One word, and at which character of the file it begins."""

    kind: Kind
    text: str
    offset: int


class SyntaxUnknownError(Exception):
    """Something stands in a file that is not read without PHP."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(what)
        self.offset = offset


def tokens(source: str) -> list[PhpToken]:
    """Return the words of a file, without blanks and comments. Raises SyntaxUnknownError."""
    begin = re.match(r"(?:#![^\n]*\n)?<\?php(?=\s)", source)
    if begin is None:
        raise SyntaxUnknownError(0, "no <?php at its beginning")
    found: list[PhpToken] = []
    offset = begin.end()
    while offset < len(source) and not source.startswith("?>", offset):
        match = _TOKEN.match(source, offset)
        if match is None:
            raise SyntaxUnknownError(offset, repr(source[offset : offset + 10]))
        kind = next(name for name in match.groupdict() if match[name] is not None)
        if kind != "space":
            found.append(PhpToken(Kind(kind), match[0], offset))
        offset = match.end()
    found.append(PhpToken(Kind.END, "the end", offset))
    return found


def lines_of(source: str) -> Callable[[int], int]:
    """Return what tells the line of a character, the first being 1."""
    ends = [match.start() for match in re.finditer("\n", source)]
    return lambda offset: bisect_right(ends, offset - 1) + 1


def string(token: PhpToken) -> Value:
    """Return what a quoted text says."""
    inner = token.text[1:-1]
    if token.kind is Kind.SINGLE:
        return re.sub(r"\\([\\'])", r"\1", inner)
    if _FILLED_IN.search(inner):
        return UnreadableValue("a text with variables in it")
    return _ESCAPE.sub(_unescaped, inner)


def number(token: PhpToken) -> Value:
    """Return what a number says."""
    text = token.text.replace("_", "")
    if text[:2].lower() == "0x":
        return int(text, 16)
    if re.fullmatch("[0-9]+", text):
        # A zero in front makes it octal.
        return (
            int(text, 8 if re.fullmatch("0[0-7]+", text) else 10)
            if len(text) < 19
            else UnreadableValue("a large number")
        )
    return float(text)


def _unescaped(match: re.Match[str]) -> str:
    word = match[1]
    if word in _ESCAPES:
        return _ESCAPES[word]
    if word.startswith("u{"):
        return chr(min(int(word[2:-1], 16), 0x10FFFF))
    if word[0] == "x" and len(word) > 1:
        return chr(int(word[1:], 16))
    return chr(int(word, 8) & 0xFF) if word[0] in "01234567" else match[0]
