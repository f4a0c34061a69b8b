"""What the keeper knows of one process, and how that is written down."""

import math
import signal
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from engineroom.keeper.processes import backoff
from engineroom.keeper.processes.lifecycle import State

JsonObject = dict[str, Any]


DEFAULT_UMASK = 0o022

_MAX_NAME_BYTES = 200
"""Of a file's name, 255 can be had; what is added to it for its output and its marks must fit."""

_REQUIRED = ("id", "argv", "working_directory", "environment", "signal_group", "labels")


STOP_SIGNALS = frozenset(each.name for each in signal.Signals) - {"SIGKILL", "SIGSTOP"}
"""A kill is no request, and one that is stopped does not end."""


ADJUSTED = "adjusted"
"""What is told of a process of which only the manner has changed."""

_MANNER = ("stop_signal", "stop_target", "expected_exit_codes")


class InvalidSpecError(Exception):
    """A spec does not have the form that the keeper needs."""


class SignalTarget(StrEnum):
    """Whom a stop signals."""

    LEADER = "leader"
    PROGRAMS = "programs"
    """The leader, and where that is still the shell that was started, the programs that it waits for."""
    GROUP = "group"
    """The whole process group, the children of the job in hand included."""


class Spec(NamedTuple):
    """What to run. `labels` mean nothing to the keeper; it gives them back with everything it says of the process.

    With `signal_group` a shell was started. A stop sends `stop_signal` to the group where `stop_target` says so, else to the
    leader and to the programs that a shell waits for; where it says nothing, to the group of a shell. `group` names those
    that are limited together; `family` those that a common cause may kill at the same time. `user` is who runs it: a name, a
    number, `.` for the owner of the folder, or None for the keeper's own user. `umask` is what new files are not allowed.
    With `once` it is not started again. When it has run for `time_limit_seconds` it is killed with all that it started, and
    is over. A life that ends with one of `expected_exit_codes` has not failed. What it prints goes into the spool, or the
    end of it into `output_file`.
    """

    id: str
    argv: list[str]
    working_directory: str
    environment: dict[str, str]
    signal_group: bool
    labels: dict[str, str]
    group: str = ""
    family: str = ""
    user: str | None = None
    umask: int = DEFAULT_UMASK
    once: bool = False
    output_file: str | None = None
    expected_exit_codes: Sequence[int] = (0,)
    time_limit_seconds: float | None = None
    stop_signal: str = "SIGTERM"
    stop_target: str = ""

    @classmethod
    def parse(cls, data: object) -> "Spec":
        """Return the spec in a JSON object of the same keys. Raises InvalidSpecError with what is wrong.

        What came after version 0.1.0 may be missing. A key that is not known comes from a newer client, and is left out.
        """
        if not isinstance(data, dict) or not data.keys() >= set(_REQUIRED):
            raise InvalidSpecError(f"a spec must be an object with the keys {', '.join(_REQUIRED)}")
        data = {name: data[name] for name in cls._fields if name in data}
        for name, value in data.items():
            holds, what = _FORMS[name]
            if not holds(value):
                raise InvalidSpecError(f"`{name}` of {data['id']} must be {what}")
        return cls(**{name: _shared(value) for name, value in data.items()})

    @property
    def manner(self) -> JsonObject:
        """How it is stopped, and which of its ends are no failure: what may be changed while it runs."""
        return {name: getattr(self, name) for name in _MANNER}

    def in_manner(self, manner: object) -> "Spec":
        """Return the spec with another manner. Raises InvalidSpecError."""
        if not isinstance(manner, dict) or not manner.keys() <= set(_MANNER):
            raise InvalidSpecError(f"a manner has no other keys than {', '.join(_MANNER)}")
        return Spec.parse(self.to_json() | {"expected_exit_codes": list(self.expected_exit_codes)} | manner)

    @property
    def target(self) -> SignalTarget:
        """Whom a stop signals.

        An adjusted manner may be that of the command that comes next, which is perhaps the only one of the two that needs a
        shell: whether there are programs of a shell to ask, only what was started tells.
        """
        if self.stop_target == SignalTarget.GROUP or (self.signal_group and not self.stop_target):
            return SignalTarget.GROUP
        return SignalTarget.PROGRAMS if self.signal_group else SignalTarget.LEADER

    def to_json(self) -> JsonObject:
        """Return the form that `parse` takes."""
        return self._asdict()


def _shared(value: Any) -> Any:
    """Return the value with texts that are there only once: processes of one application have nearly all in common."""
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, dict):
        return {sys.intern(name): sys.intern(text) for name, text in value.items()}
    return [_shared(each) for each in value] if isinstance(value, list) else value


def is_name(value: object) -> bool:
    """Return whether the value can be a file name of its own: an id names files of the spool, a group a cgroup."""
    return (
        isinstance(value, str)
        and 0 < len(value.encode(errors="replace")) <= _MAX_NAME_BYTES
        and not value.startswith(".")
        and all(character.isalnum() or character in "-._" for character in value)
    )


def _is_umask(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= 0o777


def _is_list_of_exit_codes(value: object) -> bool:
    return isinstance(value, list) and all(type(code) is int and 0 <= code <= 255 for code in value)


def _is_seconds(value: object) -> bool:
    return type(value) in (int, float) and 0.0 < value < math.inf  # type: ignore[operator]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(item) for pair in value.items() for item in pair)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


_NAME = "letters, digits, dots and dashes"
_MAP = "a map of text to text"
_FLAG = "true or false"
_FORMS: dict[str, tuple[Callable[[object], bool], str]] = {
    "id": (is_name, _NAME),
    "argv": (lambda value: _is_text_list(value) and bool(value), "a list of at least one text"),
    "working_directory": (_is_text, "text"),
    "environment": (_is_text_map, _MAP),
    "signal_group": (_is_flag, _FLAG),
    "labels": (_is_text_map, _MAP),
    "group": (lambda value: value == "" or is_name(value), f"{_NAME}, or empty"),
    "family": (lambda value: value == "" or is_name(value), f"{_NAME}, or empty"),
    "user": (lambda value: value is None or (_is_text(value) and bool(value)), "text, or null"),
    "umask": (_is_umask, "a number from 0 to 511"),
    "once": (_is_flag, _FLAG),
    "output_file": (lambda value: value is None or _is_text(value), "text, or null"),
    "stop_signal": (
        lambda value: _is_text(value) and value in STOP_SIGNALS,
        "the name of a signal, such as SIGTERM",
    ),
    "stop_target": (
        lambda value: value in ("", *SignalTarget),
        f"empty, or one of {', '.join(SignalTarget)}",
    ),
    "time_limit_seconds": (lambda value: value is None or _is_seconds(value), "a number above 0, or null"),
    "expected_exit_codes": (_is_list_of_exit_codes, "a list of numbers from 0 to 255"),
}
"""What each field of a spec must be, and that in words."""


class Subprocess:
    """One process. Times named `…_at` are seconds since 1970 for people, `…_monotonic` are for arithmetic.

    `start_ticks` with `pid` names the OS process beyond doubt (proc(5), field 22 of stat). `life` counts the starts
    that were tried. `delay_seconds` is how long it is to wait after its last death. `due_monotonic` is the next start while
    backing off and the deadline while draining. `container` holds the present life with all that descends from it;
    `asked` are those who were asked to end besides the leader, each with when it began. `orphans` are containers whose
    leader is gone but not all of its children, each with the time when it is killed.
    """

    __slots__ = (
        "asked",
        "container",
        "delay_seconds",
        "due_at",
        "due_monotonic",
        "lacks_variables",
        "last_exit",
        "life",
        "orphans",
        "out_of_memory_kills",
        "output_dropped_bytes",
        "pid",
        "pidfd",
        "restarts",
        "spec",
        "start_ticks",
        "started_at",
        "started_monotonic",
        "state",
        "stop_asked",
        "stop_reason",
        "streak",
    )

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.state: State = State.STARTING
        self.pid: int | None = None
        self.start_ticks: int | None = None
        self.life = 0
        self.restarts = 0
        self.delay_seconds = 0.0
        self.streak = backoff.Streak()
        self.started_at: float | None = None
        self.started_monotonic: float | None = None
        self.due_at: float | None = None
        self.due_monotonic: float | None = None
        self.stop_asked = False
        self.last_exit: JsonObject | None = None
        self.output_dropped_bytes = 0
        self.container: str | None = None
        self.out_of_memory_kills = 0
        self.stop_reason: str | None = None
        self.orphans: dict[str, float] = {}
        self.pidfd: int | None = None
        self.lacks_variables = False
        """Whether its variables are gone, so that it can run on, but not start again."""
        self.asked: dict[int, int] = {}

    @property
    def id(self) -> str:
        """The spec's id."""
        return self.spec.id

    @property
    def crash_looping(self) -> bool:
        """Whether it died young so often in a row that somebody should look."""
        return self.streak.young_deaths >= backoff.CRASH_LOOPING_FROM

    @property
    def streak_to_forget(self) -> bool:
        """Whether a life that lasts has something to forget of which people were told."""
        return self.streak.young_deaths > 0 or self.streak.is_tight_loop

    def spec_to_json(self) -> JsonObject:
        """Return what is known of its spec: variables that are gone are not none."""
        spec = self.spec.to_json()
        return {name: spec[name] for name in spec if name != "environment" or not self.lacks_variables}

    def to_json(self) -> JsonObject:
        """Return what clients are told, and what is needed to find the process again."""
        return {
            "id": self.spec.id,
            "labels": self.spec.labels,
            "manner": self.spec.manner,
            "state": self.state,
            "pid": self.pid,
            "start_ticks": self.start_ticks,
            "life": self.life,
            "restarts": self.restarts,
            "young_deaths": self.streak.young_deaths,
            "crash_looping": self.crash_looping,
            "quick_lives": self.streak.quick_lives,
            "tight_loop": self.streak.is_tight_loop,
            "started_at": self.started_at,
            "started_monotonic": self.started_monotonic,
            "due_at": self.due_at,
            "due_monotonic": self.due_monotonic,
            "stop_asked": self.stop_asked,
            "last_exit": self.last_exit,
            "output_dropped_bytes": self.output_dropped_bytes,
            "container": self.container,
            "out_of_memory_kills": self.out_of_memory_kills,
            "stop_reason": self.stop_reason,
            "asked": self.asked,
            "lacks_variables": self.lacks_variables and self.pid is None,
            "orphans": self.orphans,
        }

    def restore(self, data: JsonObject) -> None:
        """Take over what `to_json` wrote in an earlier life of the keeper."""
        self.state = State(data["state"])
        self.spec = self.spec.in_manner(data.get("manner", {}))
        for name in _RESTORED:
            setattr(self, name, data[name])
        self.streak = backoff.Streak(data["young_deaths"], data.get("quick_lives", 0))
        self.out_of_memory_kills = data.get("out_of_memory_kills", 0)
        self.stop_reason = data.get("stop_reason")
        self.asked = {int(pid): ticks for pid, ticks in data.get("asked", {}).items()}
        self.container = data.get("container") or (f"group:{self.pid}" if self.pid else None)
        self.output_dropped_bytes = data.get("output_dropped_bytes", 0)
        # Earlier versions called them leftovers, and the first one wrote the process groups down as numbers.
        of_old = {f"group:{group}": deadline for group, deadline in data.get("groups", {}).items()}
        self.orphans = data.get("orphans", data.get("leftovers", of_old))


_RESTORED = (
    "pid",
    "start_ticks",
    "life",
    "restarts",
    "started_at",
    "started_monotonic",
    "due_at",
    "due_monotonic",
    "stop_asked",
    "last_exit",
)
