"""Which lines belong to the entry before them: traces, and what is indented below a message."""

import re
from collections.abc import Iterable
from itertools import islice

MAX_LINES = 2000
"""No entry is longer; what follows begins another one."""

_INDENTED = (b" ", b"\t")
_STARTS = (b"[stacktrace]", b"[previous exception]", b'"}', b"}", b"Caused by:", b"Stack trace:")
_TRACEBACK = b"Traceback (most recent call last):"
_SUSPECTS = frozenset(start[:2] for start in (*_STARTS, _TRACEBACK)) | frozenset(
    first + bytes([second]) for first in (*_INDENTED, b"#") for second in range(256)
)
# None may try again and again in a line of a megabyte, which holds up everything else: what is taken is not given back.
_PHP_FRAME = re.compile(rb"#\d+ ")
_OWN_ENTRY = re.compile(
    rb"[ \t]++(?:\x1b\[[\d;]*m)*+\s*+(?:\[?\d{4}-\d\d-\d\d|\[?\d\d:\d\d|(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FAIL)\b)"
)
"""Indented, but with a time or a level of its own, as Laravel's worker writes what it does."""
_LARAVEL = re.compile(rb"\[\d{4}-\d\d-\d\d[^\]]{0,40}\] [\w-]+\.[A-Z]+: ")
_LARAVEL_ERROR = re.compile(rb"\[\d{4}-\d\d-\d\d[^\]]{0,40}\] [\w-]+\.(?:ERROR|CRITICAL|ALERT|EMERGENCY): ")
_LARAVEL_TRACE = b'"exception":"[object] ('
"""With this begins what Laravel writes of an exception: messages, whatever lines they have, and traces, up to a quote."""
_MAX_MESSAGE_LINES = 100
_PANICS = (b"panic: ", b"fatal error: ")
_PANIC_SUSPECTS = frozenset(start[:2] for start in _PANICS)
_GO = re.compile(rb"$|goroutine \d+ \[|\[signal |\[recovered\]|created by |exit status \d|\S[^\s(]*+\(.*\)$")
_CHAINED = (
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
)


def may_have_message(line: bytes) -> bool:
    """Return whether a line may be the first of the message of an exception that Laravel writes."""
    return line[:1] == b"[" and _LARAVEL_ERROR.match(line) is not None and _LARAVEL_TRACE not in line


def message_lines(following: Iterable[bytes]) -> int:
    """Return how many of the lines behind the first are the rest of the message of an exception that Laravel writes.

    Nothing tells such a line from any other but that what Laravel writes of the exception follows.
    """
    for count, line in enumerate(islice(following, _MAX_MESSAGE_LINES), start=1):
        if _LARAVEL.match(line):
            return 0
        if _LARAVEL_TRACE in line:
            return count
    return 0


class Group:
    """The lines of one entry, as they come."""

    __slots__ = ("_expects", "_panics", "_quoted", "_traces", "lines")

    def __init__(self, line: bytes) -> None:
        self.lines = [line]
        begin = line[:2]
        self._traces = begin == b"Tr" and line.startswith(_TRACEBACK)
        self._panics = begin in _PANIC_SUSPECTS and line.startswith(_PANICS)
        self._quoted = begin[:1] == b"[" and _is_left_open(line)
        self._expects = self._traces or self._panics or self._quoted

    def add(self, line: bytes) -> None:
        """Take a line in that is known to belong to this entry."""
        self.lines.append(line)
        self._quoted = self._quoted or _is_left_open(line)
        self._expects = self._expects or self._quoted

    @property
    def may_go_on(self) -> bool:
        """Whether more lines are to be expected, as far as can be told from those that came."""
        return (
            len(self.lines) > 1
            or self._expects
            or b"ERROR" in self.lines[0][:160]
            or b"{" in self.lines[0][-2:]
        )

    def takes(self, line: bytes) -> bool:
        """Take the line in if it belongs to this entry, and return whether it does."""
        # Almost no line passes this first look, and looking closer costs ten times as much.
        if not self._expects and line[:2] not in _SUSPECTS:
            return False
        if self._quoted:
            return self._takes_quoted(line)
        if len(self.lines) >= MAX_LINES or not (
            self._continues(line)
            or (self._traces and self._is_traced(line))
            or (self._panics and _GO.match(line) is not None)
        ):
            return False
        self.lines.append(line)
        self._traces = self._traces or line.startswith(_TRACEBACK)
        self._expects = self._expects or self._traces
        return True

    def _takes_quoted(self, line: bytes) -> bool:
        if len(self.lines) >= MAX_LINES or _LARAVEL.match(line):
            return False
        self.lines.append(line)
        self._quoted = not line.startswith(b'"')
        self._expects = self._quoted
        return True

    def _continues(self, line: bytes) -> bool:
        if line[:1] in _INDENTED:
            return _OWN_ENTRY.match(line) is None
        if line.startswith(b"#"):
            return _PHP_FRAME.match(line) is not None
        if line.startswith(_TRACEBACK):
            # What logging.exception writes below its message.
            return b"ERROR" in self.lines[0][:160] or b"CRITICAL" in self.lines[0][:160]
        return line.startswith(_STARTS)

    def _is_traced(self, line: bytes) -> bool:
        """Return whether a line that is not indented belongs to a Python trace: its exception, or a chain to another."""
        if self.lines[-1].startswith((*_INDENTED, _TRACEBACK)):
            return True
        if line.startswith(_TRACEBACK):
            return any(each.startswith(_CHAINED) for each in self.lines[-3:])
        return not line or line.startswith(_CHAINED)


def _is_left_open(line: bytes) -> bool:
    """Return whether the exception that Laravel writes begins in this line and does not end in it."""
    return _LARAVEL_TRACE in line and not line.rstrip().endswith(b"}")
