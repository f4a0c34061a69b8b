"""How often the loops look, and how long they wait."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """All of them in seconds."""

    full_pass: float = 10.0
    """How often everything is reconciled, whether or not anything seemed to change."""

    gather: float = 0.02
    """How long requests and reports are gathered, to be handled together: none is late, and a burst is cheap."""

    retry: float = 1.0
    """How long a loop waits after an error."""

    check: float = 0.25
    """How soon it is seen that a change is complete of which no report tells, as it needs no work."""

    command_lost: float = 60.0
    """A command that the runtime does not know for so long is lost; its end may have been reported and not stored before."""


TIMINGS = Timings()
