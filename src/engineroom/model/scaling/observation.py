"""What is known at one moment of what is to be scaled."""

from dataclasses import dataclass

from engineroom.model.queue import Measurement, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A queue and its workers. `now_seconds` is of a clock that only goes forward, whatever happens to the host's.

    `processes` are those that should run on every one of the `replicas`; `running` are those that do run, in all. What
    drains is in neither: it is no capacity, and it stands in nobody's way.
    """

    now_seconds: float
    queue: Measurement | Unknown
    processes: int
    replicas: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBounds:
    """Between how many processes on every replica the scale may be. `room` is what the host can carry, None: unbounded."""

    floor: int
    ceiling: int
    room: int | None = None
    room_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How many processes there should be on every replica, and why, in words and in figures.

    `needed` is what the formula alone gives, in all, None when it could not be asked. `bounded` says what kept the scale
    from it, or nothing.
    """

    before: int
    processes: int
    needed: float | None
    why: str
    bounded: str = ""

    @property
    def changes(self) -> bool:
        """Whether something is to be done."""
        return self.processes != self.before

    def sentence(self) -> str:
        """Return the decision in words, such as `3 → 7: 420 waiting, 1.2 s each, target 60 s`."""
        step = f"{self.before} → {self.processes}" if self.changes else f"stays {self.processes}"
        return f"{step}: {self.why}; {self.bounded}" if self.bounded else f"{step}: {self.why}"
