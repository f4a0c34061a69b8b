"""Queries of which hosts are there, among those whose servers work on one database."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from engineroom.model.membership import Member
from engineroom.store.schema.tables import hosts

_CLOCK = select(func.current_timestamp())
_ALL = select(hosts)
_INSERT = insert(hosts)
_UPDATE = update(hosts).where(hosts.c.id == bindparam("of_host"))


def clock(connection: Connection) -> datetime:
    """Return what time it is by the database's own clock."""
    return connection.execute(_CLOCK).scalar_one()


def everyone(connection: Connection) -> dict[str, Member]:
    """Return what is known of each host that ever said that it is there."""
    return {
        row.id: Member(
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


def keep(connection: Connection, member: Member) -> None:
    """Store what is known of a host now."""
    columns = {
        "name": member.name,
        "seen_at": member.seen_at,
        "steady_since": member.steady_since,
        "left": member.left,
        "lost_at": member.lost_at,
        "told_by": member.told_by,
    }
    kept = connection.execute(_UPDATE, {"of_host": member.host, **columns})
    if kept.rowcount == 0:
        connection.execute(_INSERT, {"id": member.host, **columns})


def leave(connection: Connection, host: str) -> None:
    """Store that a host was stopped in order."""
    connection.execute(_UPDATE, {"of_host": host, "left": True})
