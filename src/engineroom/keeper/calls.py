"""What clients can ask of the keeper."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from engineroom.keeper import resource_limits
from engineroom.keeper.about import About, may_become
from engineroom.keeper.cgroups.setup import Setup
from engineroom.keeper.containment import usage
from engineroom.keeper.output.poller import OutputPoller
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.process import InvalidSpecError, JsonObject
from engineroom.keeper.processes.supervisor import Supervisor, Watcher
from engineroom.keeper.requests import (
    AcknowledgeOutput,
    Adjust,
    BareRequest,
    Limit,
    RequestError,
    Shutdown,
    StartRequest,
    StopRequest,
    Upgrade,
    Watch,
    WatchOutput,
)

PROTOCOL = 3
"""Raised by one with each change that an older client or keeper would misunderstand."""

_MAX_NAME = 100
"""So much is repeated of the name of a call that there is not."""


_Request = TypeVar("_Request")


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
            "hello": _parsed(BareRequest.parse, self._hello),
            "limit": _parsed(Limit.parse, self._limit),
            "start": _parsed(StartRequest.parse, self._start),
            "stop": _parsed(StopRequest.parse, self._stop),
            "adjust": _parsed(Adjust.parse, self._adjust),
            "watch": _parsed(Watch.parse, self._watch),
            "usage": _parsed(BareRequest.parse, self._usage),
            "watch_output": _parsed(WatchOutput.parse, self._watch_output),
            "acknowledge_output": _parsed(AcknowledgeOutput.parse, self._acknowledge_output),
            "shutdown": _parsed(Shutdown.parse, self._shutdown),
            "upgrade": _parsed(Upgrade.parse, self._upgrade),
        }

    def call(self, request: JsonObject, watcher: Watcher) -> JsonObject:
        """Carry out a request of the client that `watcher` sends lines to. Raises CallError with the reason why not."""
        name = request.get("call")
        call = self._calls.get(name) if isinstance(name, str) else None
        if call is None:
            raise CallError(f"there is no call {str(name)[:_MAX_NAME]!r} in protocol {PROTOCOL}")
        try:
            return call(request, watcher)
        except (RequestError, InvalidSpecError) as error:
            raise CallError(str(error)) from None
        except OSError as error:
            raise CallError(f"the keeper cannot do that just now: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            # What nobody has thought of concerns who sent it.
            raise CallError(f"the request cannot be carried out: {error!r}") from None

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

    def _hello(self, request: BareRequest, watcher: Watcher) -> JsonObject:  # noqa: ARG002
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

    def _limit(self, request: Limit, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._supervisor.limit(request.groups)
        return {}

    def _start(self, request: StartRequest, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        if self.shutting_down:
            raise CallError("the keeper is shutting down and starts nothing more; start it again")
        if request.groups:
            self._supervisor.limit(request.groups)
        self._supervisor.start(request.specs)
        return {"accepted": len(request.specs)}

    def _stop(self, request: StopRequest, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._supervisor.stop(
            request.ids, timeout_seconds=request.timeout_seconds, force=request.force, reason=request.reason
        )
        return {}

    def _adjust(self, request: Adjust, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._supervisor.adjust(request.manners)
        return {}

    def _watch(self, request: Watch, watcher: Watcher) -> JsonObject:
        """Return all processes as they are; events follow, beginning with those after `after` of the same `epoch`."""
        self._behind[watcher] = request.after if request.epoch == self._journal.epoch else 0
        processes: list[Any] = [process.to_json() for process in self._supervisor.processes.values()]
        return {"processes": processes, "epoch": self._journal.epoch, "sequence": self._journal.sequence}

    def _usage(self, request: BareRequest, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        return usage.sample(self._supervisor.processes.values(), self._supervisor.containers)

    def _watch_output(self, request: WatchOutput, watcher: Watcher) -> JsonObject:
        """Bound each stream to `kept_bytes`, and from now on tell this client which streams can be read up to where."""
        self._poller.spool.keep(request.kept_bytes)
        if watcher not in self._poller.listeners:
            self._poller.listeners.append(watcher)
        return {}

    def _acknowledge_output(self, request: AcknowledgeOutput, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self._poller.spool.acknowledge(request.upto)
        return {}

    def _shutdown(self, request: Shutdown, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        self.shutting_down = True
        self._supervisor.stop(list(self._supervisor.processes), timeout_seconds=request.timeout_seconds)
        return {}

    def _upgrade(self, request: Upgrade, watcher: Watcher) -> JsonObject:  # noqa: ARG002
        """Have the keeper execute its program anew, as it is installed now. Every connection ends with the old one.

        It is the program of the installation whose interpreter is named as `python`, or of its own.
        """
        python = request.python or sys.executable
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


def _parsed(
    parse: Callable[[JsonObject], _Request], carry_out: Callable[[_Request, Watcher], JsonObject]
) -> Callable[[JsonObject, Watcher], JsonObject]:
    return lambda fields, watcher: carry_out(parse(fields), watcher)
