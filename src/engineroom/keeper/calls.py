"""What clients can ask of the keeper."""

import math
import os
import sys
from collections.abc import Callable
from typing import Any

from engineroom.keeper import resource_limits
from engineroom.keeper.about import About, may_become
from engineroom.keeper.cgroups.cgroups import CgroupLimits
from engineroom.keeper.cgroups.setup import Setup
from engineroom.keeper.containment import usage
from engineroom.keeper.output.poller import OutputPoller
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.process import InvalidSpecError, JsonObject, Spec, is_name
from engineroom.keeper.processes.supervisor import Supervisor, Watcher

PROTOCOL = 3
"""Raised by one with each change that an older client or keeper would misunderstand."""

_MAX_TIMEOUT_SECONDS = 366 * 86_400.0
_MAX_COUNT = 2**62

_MAX_NAME = 100
"""So much is repeated of the name of a call that there is not."""


class CallError(Exception):
    """The request cannot be carried out, and why."""


class Calls:
    """The calls by name, each a method that takes the request and returns the result."""

    def __init__(
        self, supervisor: Supervisor, journal: Journal, poller: OutputPoller, setup: Setup, about: About
    ) -> None:
        self.shutting_down = False
        self.upgrading = False
        self.python = sys.executable
        """The interpreter that is to execute the keeper anew."""
        self._supervisor = supervisor
        self._journal = journal
        self._setup = setup
        self._about = about
        self._poller = poller
        self._behind: dict[Watcher, int] = {}
        self._calls: dict[str, Callable[[JsonObject, Watcher], JsonObject]] = {
            "hello": self._hello,
            "limit": self._limit,
            "start": self._start,
            "stop": self._stop,
            "adjust": self._adjust,
            "watch": self._watch,
            "usage": self._usage,
            "watch_output": self._watch_output,
            "acknowledge_output": self._acknowledge_output,
            "shutdown": self._shutdown,
            "upgrade": self._upgrade,
        }

    def call(self, request: JsonObject, watcher: Watcher) -> JsonObject:
        """Carry out a request of the client that `watcher` sends lines to. Raises CallError with the reason why not."""
        name = request.get("call")
        call = self._calls.get(name) if isinstance(name, str) else None
        if call is None:
            raise CallError(f"there is no call {str(name)[:_MAX_NAME]!r} in protocol {PROTOCOL}")
        try:
            return call(request, watcher)
        except InvalidSpecError as error:
            raise CallError(str(error)) from None
        except OSError as error:
            raise CallError(f"the keeper cannot do that just now: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise CallError(f"the request lacks something, or has it in a wrong form: {error}") from None

    def after_answer(self, watcher: Watcher) -> None:
        """Send a new watcher what happened before it came, behind the answer to its call."""
        after = self._behind.pop(watcher, None)
        if after is not None:
            for line in self._journal.events_after(after):
                watcher(line)
            if watcher not in self._supervisor.watchers:
                self._supervisor.watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Send this client no more events."""
        if watcher in self._supervisor.watchers:
            self._supervisor.watchers.remove(watcher)
        if watcher in self._poller.listeners:
            self._poller.listeners.remove(watcher)

    def _hello(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        return {
            "protocol": PROTOCOL,
            **self._about.to_json(),
            "pid": os.getpid(),
            "epoch": self._journal.epoch,
            "sequence": self._journal.sequence,
            "containers": self._setup.kind,
            "unlimited": self._setup.unlimited,
            "shortage": resource_limits.shortage(len(self._supervisor.processes)),
        }

    def _limit(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._supervisor.limit({group: _limits(group, each) for group, each in request["groups"].items()})
        return {}

    def _start(self, request: JsonObject, watcher: Watcher) -> JsonObject:
        if self.shutting_down:
            raise CallError("the keeper is shutting down and starts nothing more; start it again")
        specs = [Spec.parse(spec) for spec in request["processes"]]
        if request.get("groups"):
            self._limit(request, watcher)
        self._supervisor.start(specs)
        return {"accepted": len(specs)}

    def _stop(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._supervisor.stop(
            _names(request["ids"]),
            timeout_seconds=_seconds(request["timeout_seconds"]),
            force=_flag(request.get("force", False)),
            reason=_text(request.get("reason")),
        )
        return {}

    def _adjust(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._supervisor.adjust(dict(request["manners"]))
        return {}

    def _watch(self, request: JsonObject, watcher: Watcher) -> JsonObject:
        """Return all processes as they are; events follow, beginning with those after `after` of the same `epoch`."""
        same = request.get("epoch") == self._journal.epoch
        self._behind[watcher] = _count(request.get("after", 0)) if same else 0
        processes: list[Any] = [process.to_json() for process in self._supervisor.processes.values()]
        return {"processes": processes, "epoch": self._journal.epoch, "sequence": self._journal.sequence}

    def _usage(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        return usage.sample(self._supervisor.processes.values(), self._supervisor.containers)

    def _watch_output(self, request: JsonObject, watcher: Watcher) -> JsonObject:
        """Bound each stream to `kept_bytes`, and from now on tell this client which streams can be read up to where."""
        self._poller.spool.keep(_count(request["kept_bytes"]))
        if watcher not in self._poller.listeners:
            self._poller.listeners.append(watcher)
        return {}

    def _acknowledge_output(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._poller.spool.acknowledge({name: _count(offset) for name, offset in request["upto"].items()})
        return {}

    def _shutdown(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        timeout_seconds = _seconds(request["timeout_seconds"])
        self.shutting_down = True
        self._supervisor.stop(list(self._supervisor.processes), timeout_seconds=timeout_seconds)
        return {}

    def _upgrade(self, request: JsonObject, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        """Have the keeper execute its program anew, as it is installed now. Every connection ends with the old one.

        It is the program of the installation whose interpreter is named as `python`, or of its own.
        """
        python = _text(request.get("python")) or sys.executable
        if not may_become(python):
            raise CallError(f"{python} is no program, or others may write to it; install engineroom anew")
        if self._journal.failing:
            self._supervisor.rewrite_journal()
        if self._journal.failing:
            raise CallError(
                "the journal cannot be written, and what is only in memory would be forgotten; make room"
            )
        self.python, self.upgrading = python, True
        return {}


def _limits(group: str, values: JsonObject) -> CgroupLimits:
    """Return the limits of a group. Raises ValueError for what could not be set, but would be written down."""
    if not is_name(group):
        raise ValueError(f"{group!r} is no name of a group")
    if not all(value is None or (math.isfinite(value) and value >= 0) for value in values.values()):
        raise ValueError(f"the limits of {group} must be numbers, or null")
    return CgroupLimits(**values)


def _names(value: Any) -> list[str]:
    if not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise ValueError("what should be a list of names is none")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise ValueError(f"{value!r} is no number of bytes or events")
    return value


def _text(value: Any) -> str | None:
    if not (value is None or isinstance(value, str)):
        raise ValueError(f"{value!r} is no text")
    return value


def _seconds(value: Any) -> float:
    """Return a time limit. Raises ValueError for what is none: a clock that shows NaN or infinity never comes due."""
    seconds = float(value) if type(value) in (int, float) else -1.0
    if not 0.0 <= seconds <= _MAX_TIMEOUT_SECONDS:
        raise ValueError(f"{value!r} is not between 0 and {_MAX_TIMEOUT_SECONDS:.0f} seconds")
    return seconds
