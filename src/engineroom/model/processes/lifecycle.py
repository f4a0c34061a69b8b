"""How the processes of a background process are stopped, replaced and started again, where it is not as usual. Ours."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class StopSignal(StrEnum):
    """What asks a program to finish what it does and end."""

    SIGTERM = "SIGTERM"
    SIGINT = "SIGINT"
    SIGQUIT = "SIGQUIT"
    SIGHUP = "SIGHUP"
    SIGUSR1 = "SIGUSR1"
    SIGUSR2 = "SIGUSR2"
    SIGWINCH = "SIGWINCH"
    SIGABRT = "SIGABRT"


class StopTarget(StrEnum):
    """Whom the signal is sent to."""

    PROGRAM = "program"
    """The program, and where a shell runs several, those that it waits for."""
    GROUP = "group"
    """The whole process group, the children of the job in hand included."""


class Replacement(StrEnum):
    """How a slot gets a new version of its process."""

    START_FIRST = "start_first"
    """The new one runs before the old one drains: for workers, so that capacity never drops."""
    DRAIN_FIRST = "drain_first"
    """The old one is gone before the new one starts: for custom processes, which may hold a port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What is asked for; None is what is usual.

    `stop_timeout` seconds after the signal what is left is killed; usual is the instance's. Usual is `start_first` for
    workers and `drain_first` for others, and that 0 is expected, of workers 12 too.
    """

    stop_signal: StopSignal = StopSignal.SIGTERM
    stop_target: StopTarget = StopTarget.PROGRAM
    stop_timeout: int | None = None
    replacement: Replacement | None = None
    expected_exit_codes: tuple[int, ...] | None = None

    def given(self) -> dict[str, Any]:
        """Return the fields that are not as usual, as plain values."""
        return {name: value for name, value in asdict(self).items() if value != getattr(USUAL, name)}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Lifecycle":
        """Return the value from what `given` returned, also after it was stored as JSON."""
        kinds = {"stop_signal": StopSignal, "stop_target": StopTarget, "replacement": Replacement}
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in given.items() if name in known}
        for name, kind in kinds.items():
            if values.get(name) is not None:
                values[name] = kind(values[name])
        if values.get("expected_exit_codes") is not None:
            values["expected_exit_codes"] = tuple(values["expected_exit_codes"])
        return cls(**values)


USUAL = Lifecycle()
