import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text

from engineroom.store import Store
from engineroom.store.errors import StoreError
from engineroom.store.queries import events
from engineroom.store.queries.access import organizations
from engineroom.store.schema.tables import events as events_table
from tests.store.rows import an_event
from tests.support.databases import Database


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(events_table)).scalar_one()


def test_a_write_that_raises_leaves_nothing_behind_and_harms_no_other(store: Store) -> None:
    def add(connection: Connection) -> None:
        events.add(connection, [an_event()])

    def add_and_fail(connection: Connection) -> None:
        add(connection)
        raise ValueError("no")

    async def mixed() -> list[object]:
        writes = [store.write(add_and_fail if number % 3 == 0 else add) for number in range(30)]
        return list(await asyncio.gather(*writes, return_exceptions=True))

    outcomes = asyncio.run(mixed())

    assert sum(isinstance(outcome, ValueError) for outcome in outcomes) == 10
    assert asyncio.run(store.read(count)) == 20


def test_waiting_writes_are_committed_together(store: Store) -> None:
    commits = []

    def note(connection: Connection) -> None:
        commits.append(id(connection.get_transaction()))
        events.add(connection, [an_event()])

    async def many() -> None:
        await asyncio.gather(*(store.write(note) for _ in range(100)))

    asyncio.run(many())

    assert asyncio.run(store.read(count)) == 100
    assert len(set(commits)) < 100


def test_what_was_answered_is_on_disk(sqlite_store: Store, tmp_path: Path) -> None:
    asyncio.run(sqlite_store.write(lambda connection: events.add(connection, [an_event()])))

    other = sqlite3.connect(tmp_path / "engineroom.db")
    try:
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
    finally:
        other.close()


def test_a_read_sees_every_write_that_was_answered_before_it(store: Store) -> None:
    async def alternate() -> list[int]:
        seen = []
        for _ in range(20):
            await store.write(lambda connection: events.add(connection, [an_event()]))
            seen.append(await store.read(count))
        return seen

    assert asyncio.run(alternate()) == list(range(1, 21))


def test_a_read_that_raises_harms_no_other(store: Store) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(text("SELECT nothing FROM nowhere"))

    async def mixed() -> list[object]:
        return list(
            await asyncio.gather(
                store.read(fail), store.read(count), store.read(fail), return_exceptions=True
            )
        )

    failed, seen, _ = asyncio.run(mixed())
    assert isinstance(failed, Exception)
    assert seen == 0


def test_a_cancelled_caller_is_not_waited_for(store: Store) -> None:
    async def cancel() -> int:
        reading = asyncio.create_task(store.read(count))
        await asyncio.sleep(0)
        reading.cancel()
        return await store.read(count)

    assert asyncio.run(cancel()) == 0


def test_the_database_keeps_its_promises_by_its_settings(sqlite_store: Store) -> None:
    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]

    full = 2
    assert asyncio.run(sqlite_store.read(settings)) == ["wal", full, 1]
    assert asyncio.run(sqlite_store.write(settings)) == ["wal", full, 1]


def test_only_its_owner_may_read_the_file(sqlite_store: Store, tmp_path: Path) -> None:
    asyncio.run(sqlite_store.write(lambda connection: events.add(connection, [an_event()])))

    files = [*tmp_path.glob("engineroom.db*"), tmp_path / "secrets.key"]
    assert len(files) > 1
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_two_programs_may_write_at_the_same_time(store: Store, database: Database) -> None:
    other = database.open()

    async def both() -> None:
        def add(connection: Connection) -> None:
            count(connection)
            events.add(connection, [an_event()])

        await asyncio.gather(*(each.write(add) for each in (store, other) for _ in range(50)))

    asyncio.run(both())
    other.close()
    assert asyncio.run(store.read(count)) == 100


def test_a_closed_store_has_finished_the_writes_that_waited(database: Database) -> None:
    async def write_and_close(store: Store) -> None:
        writing = [
            asyncio.create_task(store.write(lambda connection: events.add(connection, [an_event()])))
            for _ in range(5)
        ]
        await asyncio.sleep(0)
        store.close()
        await asyncio.gather(*writing)

    asyncio.run(write_and_close(database.open()))

    again = database.open()
    assert asyncio.run(again.read(count)) == 5
    again.close()


def test_a_file_that_cannot_be_made_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Store.open(tmp_path / "nowhere" / "engineroom.db")


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "engineroom.db"
    file.write_text("a shopping list\n" * 100)
    with pytest.raises(StoreError, match="is not a database; restore it"):
        Store.open(file)


def test_the_default_organization_comes_with_the_database_and_stays(store: Store, database: Database) -> None:
    first = asyncio.run(store.read(organizations.default))
    again = database.open()

    assert first.name == "Default"
    assert asyncio.run(again.read(organizations.default)) == first
    again.close()
