"""Which lines belong to the entry before them: traces, and what is indented below a message."""

import re

MOST_LINES = 2000
"""No entry is longer; what follows begins another one."""

_INDENTED = (b" ", b"\t")
_STARTS = (b"[stacktrace]", b"[previous exception]", b'"}', b"}", b"Caused by:", b"Stack trace:")
_TRACEBACK = b"Traceback (most recent call last):"
_SUSPECTS = frozenset(start[:2] for start in (*_STARTS, _TRACEBACK)) | frozenset(
    first + bytes([second]) for first in (*_INDENTED, b"#") for second in range(256)
)
_PHP_FRAME = re.compile(rb"#\d+ ")
_OWN_ENTRY = re.compile(
    rb"[ \t]+(?:\x1b\[[\d;]*m)*\s*(?:\[?\d{4}-\d\d-\d\d|\[?\d\d:\d\d|(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FAIL)\b)"
)
"""Indented, but with a time or a level of its own, as Laravel's worker writes what it does."""
_CHAINED = (
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
)


class Group:
    """The lines of one entry, as they come."""

    __slots__ = ("_traces", "lines")

    def __init__(self, line: bytes) -> None:
        self.lines = [line]
        self._traces = line.startswith(_TRACEBACK)

    @property
    def may_go_on(self) -> bool:
        """Whether more lines are to be expected, as far as can be told from those that came."""
        return (
            len(self.lines) > 1
            or self._traces
            or b"ERROR" in self.lines[0][:160]
            or b"{" in self.lines[0][-2:]
        )

    def takes(self, line: bytes) -> bool:
        """Take the line in if it belongs to this entry, and return whether it does."""
        # Almost no line passes this first look, and looking closer costs ten times as much.
        if not self._traces and line[:2] not in _SUSPECTS:
            return False
        if len(self.lines) >= MOST_LINES or not (
            self._continues(line) or (self._traces and self._is_traced(line))
        ):
            return False
        self.lines.append(line)
        self._traces = self._traces or line.startswith(_TRACEBACK)
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
