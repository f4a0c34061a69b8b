"""A queue as it is seen from outside: how much waits, how long, and how fast it is worked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """A queue that cannot be measured now, and why. It is never taken for an empty one."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How long the oldest waiting job has waited: exactly, when both bounds are equal.

    A payload without a time of its own is as old as the moment when it was first seen at the head, at least, and at most
    as old as the moment when the queue was last seen empty (None: it never was).
    """

    at_least_seconds: float
    at_most_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What went through a queue since it was measured the time before, `seconds` ago.

    `taken` is how many jobs workers took, at least; `taken_all` says that it is exactly so many, and then `arrived` is how
    many became available meanwhile.
    """

    seconds: float
    taken: int
    taken_all: bool
    arrived: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One queue at one moment.

    `waiting` may be taken now; `due` were delayed until a moment that has passed, and `expired` were taken by a worker
    that did not finish them in time: a worker takes both. `delayed` are not due yet, `reserved` are in the hands of a
    worker. With `at_least` the counting stopped at a limit. `flow` is None at first, and where it cannot be told.
    `failed` are failed jobs that are kept, None where that cannot be told. `head` names the job that comes next.
    """

    waiting: int
    due: int = 0
    delayed: int = 0
    reserved: int = 0
    expired: int = 0
    at_least: bool = False
    oldest: Age | None = None
    flow: Flow | None = None
    failed: int | None = None
    head: str | None = None

    @property
    def available(self) -> int:
        """How many jobs a worker could take right now."""
        return self.waiting + self.due + self.expired


def together(measured: Sequence[Measurement | Unknown]) -> Measurement | Unknown:
    """Return several queues that the same workers work as one; unknown when one of them is."""
    known: list[Measurement] = []
    for one in measured:
        if isinstance(one, Unknown):
            return one
        known.append(one)
    if len(known) == 1:
        return known[0]
    return Measurement(
        waiting=sum(one.waiting for one in known),
        due=sum(one.due for one in known),
        delayed=sum(one.delayed for one in known),
        reserved=sum(one.reserved for one in known),
        expired=sum(one.expired for one in known),
        at_least=any(one.at_least for one in known),
        oldest=_oldest(one.oldest for one in known),
        flow=_flow([one.flow for one in known]),
        failed=_sum(one.failed for one in known),
        head="\n".join(one.head or "" for one in known),
    )


def _oldest(ages: Iterable[Age | None]) -> Age | None:
    known = [age for age in ages if age is not None]
    if not known:
        return None
    most = [age.at_most_seconds for age in known]
    return Age(
        at_least_seconds=max(age.at_least_seconds for age in known),
        at_most_seconds=None if None in most else max(bound for bound in most if bound is not None),
    )


def _flow(flows: Sequence[Flow | None]) -> Flow | None:
    known = [flow for flow in flows if flow is not None]
    if not known or len(known) < len(flows):
        return None
    return Flow(
        seconds=max(flow.seconds for flow in known),
        taken=sum(flow.taken for flow in known),
        taken_all=all(flow.taken_all for flow in known),
        arrived=_sum(flow.arrived for flow in known),
    )


def _sum(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return None if None in found else sum(value for value in found if value is not None)
