"""A database that cannot be used says so in time, and is used again as soon as it can be."""

import asyncio
import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from engineroom.store import Store
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.errors import StoreError, UnavailableError
from engineroom.store.queries import events
from engineroom.store.schema.tables import events as events_table
from tests.store.rows import an_event
from tests.support.black_hole import black_hole
from tests.support.databases import HOST, PostgresqlServer, new_sqlite
from tests.support.ports import free_port
from tests.support.waiting import wait_until


def add(store: Store) -> None:
    asyncio.run(store.write(lambda connection: events.add(connection, [an_event()])))


def count(store: Store) -> int:
    def read(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(events_table)).scalar_one()

    return asyncio.run(store.read(read))


def test_a_locked_file_is_said_to_be_locked_and_written_to_afterwards(tmp_path: Path) -> None:
    new_sqlite(tmp_path)
    sqlite_store = Store.open(tmp_path / "engineroom.db", busy_timeout_milliseconds=50)
    other = sqlite3.connect(tmp_path / "engineroom.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match=r"Nothing was changed.*database is locked; another program"):
        add(sqlite_store)
    assert count(sqlite_store) == 0
    other.execute("ROLLBACK")
    other.close()
    add(sqlite_store)
    assert count(sqlite_store) == 1
    sqlite_store.close()


def test_a_file_that_takes_no_changes_is_said_to_be_read_only(sqlite_store: Store) -> None:
    def read_only(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only = 1")

    asyncio.run(sqlite_store.write(read_only))
    with pytest.raises(UnavailableError, match=r"attempt to write a readonly database; it takes no changes"):
        add(sqlite_store)


def test_a_file_that_was_removed_is_put_back_with_all_that_was_in_it(
    sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(sqlite_store)
    for file in tmp_path.glob("engineroom.db*"):
        file.unlink()

    add(sqlite_store)
    add(sqlite_store)

    assert "store.mended" in capsys.readouterr().out
    assert count(sqlite_store) == 3
    other = new_sqlite(tmp_path).open()
    assert count(other) == 3
    other.close()
    assert (tmp_path / "engineroom.db").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "engineroom.db.mended").exists()


def test_nothing_is_acknowledged_when_the_folder_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    store = new_sqlite(folder).open()
    add(store)
    shutil.move(folder, tmp_path / "elsewhere")

    for _ in range(2):
        with pytest.raises(
            UnavailableError, match=r"Nothing was kept: the database .* was removed.*Put it back"
        ):
            add(store)
    with pytest.raises(UnavailableError):
        asyncio.run(store.probe())

    shutil.move(tmp_path / "elsewhere", folder)
    add(store)
    asyncio.run(store.probe())
    store.close()


def test_nothing_is_acknowledged_when_another_file_stands_in_its_place(tmp_path: Path) -> None:
    store = new_sqlite(tmp_path).open()
    add(store)
    (tmp_path / "engineroom.db").rename(tmp_path / "before.db")
    (tmp_path / "engineroom.db").write_bytes(b"")
    with pytest.raises(
        UnavailableError, match=r"was replaced while the server works on it.*restart the server"
    ):
        add(store)
    store.close()


def test_a_hung_disk_is_not_waited_for(sqlite_store: Store) -> None:
    sqlite_store._read_seconds = 0.05

    async def ask() -> None:
        def hang(_connection: Connection) -> None:
            time.sleep(0.5)

        with pytest.raises(UnavailableError, match=r"has not answered for 0\.05 s"):
            await sqlite_store.read(hang)

    asyncio.run(ask())


def test_what_nobody_waits_for_any_more_is_not_begun(sqlite_store: Store) -> None:
    sqlite_store._write_seconds = 0.1

    async def ask() -> Sequence[BaseException | None]:
        def hang(_connection: Connection) -> None:
            time.sleep(1)

        first = asyncio.create_task(sqlite_store.write(hang))
        await asyncio.sleep(0.05)
        second = sqlite_store.write(lambda connection: events.add(connection, [an_event()]))
        return await asyncio.gather(first, second, return_exceptions=True)

    first, second = map(str, asyncio.run(ask()))
    assert "It is not known whether this was changed" in first
    assert "Nothing was changed" in second
    sqlite_store._write_seconds = 20
    add(sqlite_store)
    assert count(sqlite_store) == 1


def test_a_refused_connection_at_the_start_is_said_without_advice_for_a_damaged_file(tmp_path: Path) -> None:
    address = f"postgresql://shop:secret@127.0.0.1:{free_port()}/shop"
    with pytest.raises(
        StoreError, match=r"(?s)refused.*; see that it is there and can be reached"
    ) as refused:
        Store.connect(address, Keyring(tmp_path / "secrets.key"), HOST)
    assert "restore" not in str(refused.value)
    assert "secret@" not in str(refused.value)


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ((":secret@", ":wrong@"), "password authentication failed"),
        (("/shared", "/nothing"), "does not exist"),
    ],
)
def test_a_wrong_address_at_the_start_is_said_without_advice_for_a_damaged_file(
    tmp_path: Path, postgresql_server: PostgresqlServer, change: tuple[str, str], advice: str
) -> None:
    address = postgresql_server.shared.replace(*change)
    with pytest.raises(StoreError, match=rf"(?s){advice}.*; see that it is there") as refused:
        Store.connect(address, Keyring(tmp_path / "secrets.key"), HOST)
    assert "restore" not in str(refused.value)


@pytest.mark.needs("postgresql")
def test_a_server_that_accepts_and_does_not_answer_is_given_up_and_found_again(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    address = postgresql_server.emptied()
    port = int(address.rpartition(":")[2].partition("/")[0])
    with black_hole(port) as proxy:
        store = Store.connect(
            address.replace(f":{port}/", f":{proxy.port}/"), Keyring(tmp_path / "secrets.key"), HOST
        )
        add(store)
        proxy.passes.clear()
        for _ in range(2):
            with pytest.raises(UnavailableError, match=r"has not answered|cannot be used"):
                count(store)
            with pytest.raises(UnavailableError, match=r"has not answered|cannot be used"):
                add(store)
        proxy.passes.set()

        def works() -> bool:
            try:
                return count(store) >= 1
            except UnavailableError:
                return False

        wait_until("it is found again", works)
        add(store)
        store.close()


@pytest.mark.needs("postgresql")
def test_a_store_closes_while_its_server_does_not_answer(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    address = postgresql_server.emptied()
    port = int(address.rpartition(":")[2].partition("/")[0])
    with black_hole(port) as proxy:
        store = Store.connect(
            address.replace(f":{port}/", f":{proxy.port}/"), Keyring(tmp_path / "secrets.key"), HOST
        )
        proxy.passes.clear()
        with pytest.raises(UnavailableError):
            add(store)
        store.close()


@pytest.mark.needs("postgresql")
def test_a_commit_that_is_not_answered_is_said_to_be_unknown(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    store = Store.connect(postgresql_server.emptied(), Keyring(tmp_path / "secrets.key"), HOST)

    def lose_the_connection(connection: Connection) -> None:
        events.add(connection, [an_event()])
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.fileno())) as lost:
            lost.shutdown(socket.SHUT_RDWR)

    with pytest.raises(
        UnavailableError, match=r"It is not known whether this was changed: .* Look before you ask again"
    ):
        asyncio.run(store.write(lose_the_connection))
    add(store)
    store.close()
