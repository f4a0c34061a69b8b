"""Printing entries of the log, one at a time, in colours where a person reads."""

import shutil
import sys
import threading
from collections.abc import Mapping
from typing import Any

from engineroom.cli.terminal.log_lines import shown

_BEGIN_ANEW = "\r\x1b[K"
"""Go back to the beginning of the line, and clear it (ECMA-48: CR, EL)."""


class LinePrinter:
    """Prints what several threads bring. `names` are the prefixes of background processes, by their ids.

    A line without an end is drawn anew as it grows, where a person follows; a file gets it only when it is whole.
    """

    def __init__(self, names: Mapping[str, str], *, follows: bool) -> None:
        self._names = names
        self._follows = follows
        self._lock = threading.Lock()
        self._is_terminal = sys.stdout.isatty()
        self._is_drawn = False

    def show(self, process: str, line: Mapping[str, Any]) -> None:
        """Print an entry of this background process."""
        is_unfinished = line["id"] is None and self._follows
        if is_unfinished and not self._is_terminal:
            return
        text = shown(line, self._names[process], coloured=self._is_terminal and not is_unfinished)
        if is_unfinished:
            text = text[: shutil.get_terminal_size().columns - 1]
        with self._lock:
            begin = _BEGIN_ANEW if self._is_drawn else ""
            sys.stdout.write(begin + text if is_unfinished else f"{begin}{text}\n")
            sys.stdout.flush()
            self._is_drawn = is_unfinished
