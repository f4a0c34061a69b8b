"""A fault that happens again and again is told once, with its reason, and then counted.

During an outage everything that looks at the store or the keeper each second fails each second: a traceback for each of them
is no news, and fills the disk.
"""

import re
import sqlite3
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from structlog.typing import EventDict, WrappedLogger

FIRST_SECONDS = 60.0
_MAX_SECONDS = 3600.0
_MAX_KINDS = 500
_CHANGING = re.compile(r"[0-9a-f-]{8,}|[0-9]+")
_MAX_REASON_LENGTH = 200
_FAULTS = frozenset({"warning", "error", "critical"})
_ALWAYS = frozenset({"request.failed"})
"""The id in its line was told to a client."""
_COUNTED = "counted"

Kind = tuple[str, str]


@dataclass(slots=True)
class _SeenLine:
    """How often a kind came since it was told last, and how long is counted."""

    seconds: float
    times: int = 0


class Flood:
    """Counts the faults of each kind. `tell` is given a kind, how often it came, and in how many seconds."""

    def __init__(
        self,
        tell: Callable[[Kind, int, float], None],
        later: Callable[[float, Callable[[], None]], None] | None = None,
    ) -> None:
        """`later` calls a function after some seconds."""
        self._tell = tell
        self._later = later or _in_a_thread
        self._seen: dict[Kind, _SeenLine] = {}
        self._lock = threading.Lock()

    def is_first(self, kind: Kind) -> bool:
        """Count a fault; return whether it is the first of its kind for a while, and so to be told by itself."""
        with self._lock:
            seen = self._seen.get(kind)
            if seen is not None:
                seen.times += 1
                return False
            if len(self._seen) >= _MAX_KINDS:
                return True
            seen = self._seen[kind] = _SeenLine(FIRST_SECONDS)
        self._later(seen.seconds, lambda: self._look(kind))
        return True

    def _look(self, kind: Kind) -> None:
        """Tell how often a kind came again; forget it when it did not."""
        with self._lock:
            seen = self._seen[kind]
            times, seconds = seen.times, seen.seconds
            if not times:
                del self._seen[kind]
                return
            seen.times = 0
            seen.seconds = min(2 * seconds, _MAX_SECONDS)
        self._tell(kind, times, seconds)
        self._later(seen.seconds, lambda: self._look(kind))


class FloodProcessor:
    """The part of structlog's chain that leaves out what is only counted."""

    def __init__(self) -> None:
        self._flood = Flood(_tell)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Return the event to be written. Raises DropEvent."""
        if event.pop(_COUNTED, False) or event.get("level") not in _FAULTS:
            return event
        action = str(event.get("action", event.get("event", "")))
        if not self._flood.is_first(_kind(action, event)):
            if action not in _ALWAYS:
                raise structlog.DropEvent
            event.pop("exc_info", None)
        return event


def without_expected_tracebacks(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the reason in the place of the traceback of what is a fault of the surroundings, and not of the code."""
    error = _error(event)
    if error is not None and (isinstance(error, OSError | sqlite3.OperationalError) or _is_outage(error)):
        event["exc_info"] = None
        event.setdefault("reason", f"{error}" or type(error).__name__)
    return event


def _is_outage(error: BaseException) -> bool:
    """Return whether an error of ours says that it tells of an outage: what is imported here knows none of them."""
    return bool(getattr(error, "is_outage", False))


def _tell(kind: Kind, times: int, seconds: float) -> None:
    action, reason = kind
    structlog.get_logger().warning(
        f"The same again, {times} times more in the last {seconds / 60:g} minutes.",
        action=action,
        times=times,
        **({"reason": reason} if reason else {}),
        **{_COUNTED: True},
    )


def _kind(action: str, event: EventDict) -> Kind:
    """Return what makes an event the same as another; an outage is one, whoever notices it."""
    error = _error(event)
    if error is not None and _is_outage(error):
        return "outage.continues", type(error).__name__
    return action, _reason(event)


def _reason(event: EventDict) -> str:
    """Return why it happened, without the numbers that differ each time."""
    error = _error(event)
    text = str(event.get("reason", "")) if error is None else f"{type(error).__name__}: {error}"
    return _CHANGING.sub("#", text[:_MAX_REASON_LENGTH])


def _error(event: EventDict) -> BaseException | None:
    found = event.get("exc_info")
    if found is True:
        return sys.exc_info()[1]
    if isinstance(found, tuple):
        found = found[1]
    return found if isinstance(found, BaseException) else None


def _in_a_thread(seconds: float, function: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    timer.start()
