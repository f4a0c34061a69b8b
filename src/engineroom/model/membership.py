"""Decide from heartbeats which of the hosts that share a database are there, and which are lost: pure.

Every moment is one of the database's own clock: the clocks of two hosts are never compared.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

HEARTBEAT_SECONDS = 10.0
"""How often a server says that its host is there."""

LOST_AFTER = timedelta(seconds=60)
_MAX_GAP = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A host. `name` is for people; `steady_since` is the begin of its heartbeats without a gap.

    One that has `left` was stopped in order. Of one that is lost, `told_by` is the host that notifies people.
    """

    host: str
    name: str
    seen_at: datetime
    steady_since: datetime
    left: bool = False
    lost_at: datetime | None = None
    told_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostHost:
    """A host that is lost, and how many environments belong to it. One server alone notifies people of it."""

    host: str
    name: str
    environments: int
    is_told_here: bool


def after_heartbeat(before: Member | None, host: str, name: str, now: datetime) -> Member:
    """Return a host after a heartbeat."""
    steady = before is not None and not before.left and timedelta(0) <= now - before.seen_at <= _MAX_GAP
    return Member(
        host=host, name=name, seen_at=now, steady_since=before.steady_since if before and steady else now
    )


def in_question(others: Iterable[Member], now: datetime) -> list[str]:
    """Return the hosts that are lost, or may be."""
    return [each.host for each in others if each.lost_at is not None or _is_silent(each, now)]


def judged(me: Member, others: Collection[Member], owners: Collection[str], now: datetime) -> list[Member]:
    """Return the others of which `me` finds something new; `owners` are the hosts that have environments.

    A host finds nothing before it has been steady itself for as long as a host may be silent: while nobody could reach
    the database, everybody was silent.
    """
    if now - me.steady_since < LOST_AFTER:
        return []
    away = {each.host for each in others if now - each.seen_at >= LOST_AFTER}
    present = {me.host, *(each.host for each in others)} - away
    return [new for each in others if (new := _judged(each, me, present, owners, now)) != each]


def _judged(
    of: Member, me: Member, present: Collection[str], owners: Collection[str], now: datetime
) -> Member:
    if of.lost_at is None:
        is_lost = _is_silent(of, now) and of.host in owners
        return replace(of, lost_at=now, told_by=me.host) if is_lost else of
    if of.host not in owners:
        # Whatever was there has been deleted: nobody misses it.
        return replace(of, lost_at=None, told_by=None)
    return of if of.told_by in present else replace(of, told_by=me.host)


def _is_silent(of: Member, now: datetime) -> bool:
    return not of.left and now - of.seen_at >= LOST_AFTER
