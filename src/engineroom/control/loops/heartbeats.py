"""Says that this host is there, where several share a database, and finds out which of the others is not any more."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from engineroom.model.event import Event
from engineroom.model.ids import new_event_id
from engineroom.model.presence import REPORT_SECONDS, Presence, in_question, judged, reported
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.hosts import claims, presences
from engineroom.store.queries.hosts.claims import Claimed

_LEAVE_SECONDS = 5.0
_NAMED = 10
"""How many environments an event names; it counts the rest."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LostHost:
    """A host that is lost, and how many environments belong to it. One server alone tells people of it."""

    host: str
    name: str
    environments: int
    is_told_here: bool


class RollCall:
    """Reports and looks in one transaction each time, so that of all servers one alone finds that a host is lost."""

    def __init__(self, store: Store, host: str, name: str) -> None:
        self._store = store
        self._host = host
        self._name = name
        self.lost: Sequence[LostHost] = ()
        """As it was at the last look that succeeded."""

    async def open(self) -> None:
        """Say that this host is there."""
        await self._look()

    async def run(self) -> None:
        """Say so again and again until cancelled. While the database cannot be reached, nothing is known to change."""
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - whatever it is, the next try may succeed, and must be made
                _log.exception("Cannot say that this host is there; trying again.", action="host.failed")

    async def close(self) -> None:
        """Say that this host is stopped in order, and not lost."""
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._store.write(lambda connection: presences.leave(connection, self._host))
        except Exception as error:  # noqa: BLE001 - without a database the server must end all the same
            _log.warning(
                "Cannot say that this host is stopped: others will take it for lost.",
                action="host.failed",
                reason=str(error) or "the database does not answer",
            )

    async def _look(self) -> None:
        self.lost = await self._store.write(lambda connection: _look(connection, self._host, self._name))


def _look(connection: Connection, host: str, name: str) -> list[LostHost]:
    """Report, record what is found, and return the hosts that are lost."""
    now = presences.clock(connection)
    known = presences.everyone(connection)
    before = known.pop(host, None)
    me = reported(before, host, name, now)
    presences.keep(connection, me)
    if before is not None and before.lost_at is not None:
        events.add(connection, _found(before, claims.claimed(connection, [host]), now))
    claimed = _by_host(claims.claimed(connection, in_question(known.values(), now)))
    for found in judged(me, known.values(), claimed, now):
        presences.keep(connection, found)
        if found.lost_at is not None and known[found.host].lost_at is None:
            events.add(connection, _lost(found, claimed[found.host], now))
        known[found.host] = found
    return [
        LostHost(
            host=each.host,
            name=each.name,
            environments=len(claimed.get(each.host, ())),
            is_told_here=each.told_by == host,
        )
        for each in known.values()
        if each.lost_at is not None
    ]


def _by_host(claimed: Iterable[Claimed]) -> dict[str, list[Claimed]]:
    found: defaultdict[str, list[Claimed]] = defaultdict(list)
    for each in claimed:
        found[each.host].append(each)
    return dict(found)


def _lost(of: Presence, claimed: Iterable[Claimed], now: datetime) -> list[Event]:
    message = (
        "The host {host} has not been seen for {seconds} s. If only its server is down, what runs there goes on, "
        "and nobody looks after it; if the host is, these environments do not run: {environments}."
    )
    return _events("host.lost", message, of, claimed, now)


def _found(of: Presence, claimed: Iterable[Claimed], now: datetime) -> list[Event]:
    message = "The host {host} is back after {seconds} s, with these environments: {environments}."
    return _events("host.found", message, of, claimed, now)


def _events(kind: str, message: str, of: Presence, claimed: Iterable[Claimed], now: datetime) -> list[Event]:
    """Return an event for each organization that has environments there: none reads the names of another's."""
    concerned: defaultdict[str, list[Claimed]] = defaultdict(list)
    for each in claimed:
        concerned[each.organization_id].append(each)
    seconds = round((now - of.seen_at).total_seconds())
    return [
        Event(
            id=new_event_id(),
            background_process_id=None,
            kind=kind,
            message=message.format(host=of.name, seconds=seconds, environments=_names(theirs)),
            data={
                "host": of.host,
                "unseen_seconds": seconds,
                "environments": [each.environment_id for each in theirs],
            },
            at=now,
            subject_id=theirs[0].organization_id,
        )
        for theirs in concerned.values()
    ]


def _names(claimed: Sequence[Claimed]) -> str:
    named = ", ".join(each.name for each in claimed[:_NAMED])
    more = len(claimed) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
