"""The log on a disk that is full, or nearly so: it makes way as far as it must, and no further."""

import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks import disk_space
from engineroom.telemetry.logs.blocks.retention import Removed, Retention
from tests.runtime.asynchronous import asynchronous
from tests.support.small_disk import fill, small_disk
from tests.telemetry.logs.made import NOON, SECOND, batch, chunk, everything

NOISE = random.Random(5)
LINES = 200


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", megabytes=100) as folder:
        yield folder


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[LogStore]:
    logs = LogStore.open(folder / "logs.db", Retention(days=36500))
    try:
        yield logs
    finally:
        logs.close()


async def write(logs: LogStore, number: int) -> Removed:
    data = b"".join(b"%d %s\n" % (number, NOISE.randbytes(500).hex().encode()) for _ in range(LINES))
    return await logs.append(batch(chunk(data, at=NOON + number * SECOND)))


def leave(folder: Path, megabytes: int) -> None:
    """Fill the disk up to so much."""
    with (folder / "hog").open("ab") as hog:
        hog.write(bytes(shutil.disk_usage(folder).free - (megabytes << 20)))


@asynchronous
async def test_a_small_log_is_left_alone_while_there_is_room_at_all(disk: Path) -> None:
    async with opened(disk) as logs:
        for number in range(20):
            await write(logs, number)
        leave(disk, megabytes=6)
        for number in range(20, 60):
            assert not (await write(logs, number)).blocks
        assert len(await everything(logs)) == 60 * LINES
        assert (await logs.dropped()).bytes == 0


@asynchronous
async def test_on_a_full_disk_little_goes_at_a_time_and_all_of_it_is_told(disk: Path) -> None:
    async with opened(disk) as logs:
        for number in range(200):
            await write(logs, number)
        assert (disk / "logs.db-reserve").stat().st_size == disk_space.RESERVE_BYTES
        fill(disk / "hog")
        before = len(await everything(logs))
        assert not (await write(logs, 200)).blocks, "the reserve was to be used first"
        fill(disk / "hog")
        removed = 0
        for number in range(201, 300):
            removed += (await write(logs, number)).bytes
        found = await everything(logs)
        assert [entry.number for entry in found] == list(range(300 * LINES + 1 - len(found), 300 * LINES + 1))
        assert len(found) > before // 2
        dropped = await logs.dropped()
        assert 0 < dropped.bytes == removed
        assert NOON <= dropped.latest < found[-1].at_nanoseconds

    # The next server tells what this one did not come to tell.
    (disk / "hog").unlink()
    async with opened(disk) as logs:
        assert await logs.dropped() == dropped
        await logs.notified(dropped)
        assert (await logs.dropped()).bytes == 0


@asynchronous
async def test_what_was_removed_is_told_though_the_write_failed_all_the_same(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(disk) as logs:
        for number in range(50):
            await write(logs, number)
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL

        def cannot(_: object) -> None:
            raise full

        monkeypatch.setattr(logs._writer, "append", cannot)
        with pytest.raises(sqlite3.OperationalError):
            await write(logs, 50)
        assert (await logs.dropped()).bytes > 0


@asynchronous
async def test_the_log_is_read_on_a_full_disk_and_where_nothing_can_be_opened(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    async with opened(disk) as logs:
        await write(logs, 1)
        fill(disk / "hog")
        monkeypatch.setattr(sqlite3, "connect", cannot)
        assert len(await everything(logs)) == LINES


@asynchronous
async def test_a_clock_that_is_set_back_makes_nothing_old(tmp_path: Path) -> None:
    year = 365 * 86_400
    logs = LogStore.open(tmp_path / "logs.db", Retention(days=14), clock=lambda: NOON / SECOND)
    for at in (NOON, NOON - year * SECOND):
        await logs.append(batch(chunk(b"line\n", at=at)))
    await logs.prune()
    assert len(await everything(logs)) == 2
    logs.close()
