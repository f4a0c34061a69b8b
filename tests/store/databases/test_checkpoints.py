"""Checkpoints of SQLite are made beside the writer."""

import asyncio
import contextlib
import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from engineroom.model.applications.application import Organization
from engineroom.model.ids import new_organization_id
from engineroom.store.errors import NoRoomError
from engineroom.store.queries.access import organizations
from tests.support.databases import new_sqlite
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_until

NEW = Organization(id=new_organization_id(), name="Second", slug="second")


def add(connection: Connection) -> None:
    organizations.add(connection, NEW, datetime.now(UTC))


def names_in_the_file_alone(folder: Path) -> set[str]:
    """Return the organizations that are in the database file, whatever its write-ahead log has."""
    copy = folder / "copy.db"
    shutil.copy(folder / "engineroom.db", copy)
    connection = sqlite3.connect(f"file:{copy}?immutable=1", uri=True)
    try:
        return {name for (name,) in connection.execute("SELECT name FROM organizations")}
    except sqlite3.DatabaseError:
        return set()  # a checkpoint was at work meanwhile
    finally:
        connection.close()


def test_what_was_written_is_soon_in_the_file_though_nobody_writes_any_more(tmp_path: Path) -> None:
    store = new_sqlite(tmp_path).open()
    asyncio.run(store.write(add))

    wait_until("it is in the file", lambda: NEW.name in names_in_the_file_alone(tmp_path))
    store.close()


def test_a_closed_store_leaves_no_thread(tmp_path: Path) -> None:
    store = new_sqlite(tmp_path).open()
    asyncio.run(store.write(add))
    assert "store-checkpoints" in {thread.name for thread in threading.enumerate()}
    store.close()

    assert "store-checkpoints" not in {thread.name for thread in threading.enumerate()}


def long_name(connection: Connection) -> None:
    """Take some pages of the database."""
    id = new_organization_id()
    organizations.add(connection, Organization(id=id, name="x" * 20_000, slug=id), datetime.now(UTC))


@pytest.mark.needs("root")
def test_they_go_on_after_one_had_no_room_on_the_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=8) as disk, capture_logs() as logged:
        store = new_sqlite(disk).open()
        filler = disk / "filler"

        def has_failed() -> bool:
            fill(filler)
            with filler.open("rb+") as file:
                file.truncate(max(0, filler.stat().st_size - 32_768))
            with contextlib.suppress(NoRoomError):
                asyncio.run(store.write(long_name))
            fill(filler)
            return any(line["action"] == "checkpoint.failed" for line in logged)

        wait_until("a checkpoint had no room", has_failed)
        filler.unlink()
        asyncio.run(store.write(add))
        wait_until("it is in the file", lambda: NEW.name in names_in_the_file_alone(disk))
        store.close()
