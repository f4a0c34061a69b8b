"""Checkpoints of SQLite are made beside the writer."""

import asyncio
import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from engineroom.model.application import Organization
from engineroom.model.ids import new_organization_id
from engineroom.store import organizations
from tests.support.databases import new_sqlite
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
