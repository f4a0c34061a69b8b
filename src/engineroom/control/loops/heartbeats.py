"""Send this host's heartbeats, where several hosts share a database, and find the hosts whose heartbeats have stopped."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy import Connection

from engineroom.control.loops import host_events
from engineroom.model.membership import HEARTBEAT_SECONDS, LostHost, after_heartbeat, in_question, judged
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.hosts import claims, members
from engineroom.store.queries.hosts.claims import Claimed

_LEAVE_SECONDS = 5.0

_log = structlog.get_logger()


class Heartbeats:
    """Beat and look in one transaction each time, so that of all servers exactly one finds that a host is lost."""

    def __init__(self, store: Store, host: str, name: str) -> None:
        self._store = store
        self._host = host
        self._name = name
        self.lost: Sequence[LostHost] = ()
        """The lost hosts at the last heartbeat that could be stored."""

    async def open(self) -> None:
        """Send the first heartbeat."""
        await self._beat()

    async def run(self) -> None:
        """Send heartbeats until cancelled. While the database is away, nothing is known to change."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._beat()
            except Exception:  # noqa: BLE001 - whatever it is, the next try may succeed, and must be made
                _log.exception("Cannot say that this host is there; trying again.", action="host.failed")

    async def close(self) -> None:
        """Leave: this host is stopped in order, and not lost."""
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._store.write(lambda connection: members.leave(connection, self._host))
        except Exception as error:  # noqa: BLE001 - without a database the server must end all the same
            _log.warning(
                "Cannot say that this host is stopped: others will take it for lost.",
                action="host.failed",
                reason=str(error) or "the database does not answer",
            )

    async def _beat(self) -> None:
        self.lost = await self._store.write(lambda connection: _beat(connection, self._host, self._name))


def _beat(connection: Connection, host: str, name: str) -> list[LostHost]:
    """Store a heartbeat, record what is found about the others, and return the hosts that are lost."""
    now = members.clock(connection)
    known = members.everyone(connection)
    before = known.pop(host, None)
    me = after_heartbeat(before, host, name, now)
    members.keep(connection, me)
    if before is not None and before.lost_at is not None:
        events.add(connection, host_events.found(before, claims.claimed(connection, [host]), now))
    claimed = _by_host(claims.claimed(connection, in_question(known.values(), now)))
    for member in judged(me, known.values(), claimed, now):
        members.keep(connection, member)
        if member.lost_at is not None and known[member.host].lost_at is None:
            events.add(connection, host_events.lost(member, claimed[member.host], now))
        known[member.host] = member
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
