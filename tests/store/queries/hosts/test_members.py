from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from engineroom.model.membership import Member
from engineroom.store.queries.hosts import members
from tests.store.queries.shop import NOW, SECOND

ONE = Member(host="one", name="one.example", seen_at=NOW, steady_since=NOW - SECOND)


def test_what_is_known_of_a_host_is_what_was_kept_last(connection: Connection) -> None:
    assert members.everyone(connection) == {}
    members.keep(connection, ONE)
    lost = Member(
        host="one", name="renamed", seen_at=NOW, steady_since=NOW, lost_at=NOW + SECOND, told_by="other"
    )
    other = Member(host="other", name="other.example", seen_at=NOW, steady_since=NOW)
    members.keep(connection, lost)
    members.keep(connection, other)
    assert members.everyone(connection) == {"one": lost, "other": other}


def test_a_host_that_was_stopped_has_left_until_it_is_back(connection: Connection) -> None:
    members.keep(connection, ONE)
    members.leave(connection, "one")
    members.leave(connection, "unknown")
    [found] = members.everyone(connection).values()
    assert found.left
    members.keep(connection, ONE)
    assert members.everyone(connection) == {"one": ONE}


def test_the_clock_is_the_databases_own_in_utc(connection: Connection) -> None:
    told = members.clock(connection)
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    assert abs(told - datetime.now(UTC)) < timedelta(hours=1)
