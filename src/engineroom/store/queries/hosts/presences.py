"""Queries of which hosts are there, among those whose servers work on one database."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from engineroom.model.presence import Presence
from engineroom.store.schema.tables import hosts

_CLOCK = select(func.current_timestamp())
_ALL = select(hosts)
_INSERT = insert(hosts)
_UPDATE = update(hosts).where(hosts.c.id == bindparam("of_host"))


def clock(connection: Connection) -> datetime:
    """Return what time it is by the database's own clock."""
    return connection.execute(_CLOCK).scalar_one()


def everyone(connection: Connection) -> dict[str, Presence]:
    """Return what is known of each host that ever said that it is there."""
    return {
        row.id: Presence(
            host=row.id,
            name=row.name,
            seen_at=row.seen_at,
            steady_since=row.steady_since,
            left=row.left,
            lost_at=row.lost_at,
            told_by=row.told_by,
        )
        for row in connection.execute(_ALL)
    }


def keep(connection: Connection, presence: Presence) -> None:
    """Store what is known of a host now."""
    columns = {
        "name": presence.name,
        "seen_at": presence.seen_at,
        "steady_since": presence.steady_since,
        "left": presence.left,
        "lost_at": presence.lost_at,
        "told_by": presence.told_by,
    }
    kept = connection.execute(_UPDATE, {"of_host": presence.host, **columns})
    if kept.rowcount == 0:
        connection.execute(_INSERT, {"id": presence.host, **columns})


def leave(connection: Connection, host: str) -> None:
    """Store that a host was stopped in order."""
    connection.execute(_UPDATE, {"of_host": host, "left": True})
