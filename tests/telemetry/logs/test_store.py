"""Storing, finding and following."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.logs.log import LogEntry, LogLevel, LogType
from engineroom.model.logs.output import StreamId
from engineroom.telemetry.logs import LogStore, live
from engineroom.telemetry.logs.blocks import disk_space, reading
from engineroom.telemetry.logs.blocks.compaction import FULL_BYTES, blocks_to_compact
from engineroom.telemetry.logs.blocks.query import LogQuery
from engineroom.telemetry.logs.blocks.reading import Window, place
from engineroom.telemetry.logs.blocks.retention import Retention
from engineroom.telemetry.logs.blocks.term_index import terms_of
from tests.runtime.asynchronous import asynchronous
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import patient
from tests.telemetry.logs.made import (
    MAILS,
    NOON,
    REPORTS,
    SECOND,
    SHOP,
    batch,
    chunk,
    everything,
    texts,
)


async def compacted(logs: LogStore) -> None:
    while await logs.compact():
        pass


def sizes(folder: Path, pattern: str) -> list[int]:
    return [path.stat().st_size for path in folder.glob(pattern)]


async def store(logs: LogStore, *lines: bytes, **where: object) -> None:
    await logs.append(batch(chunk(b"\n".join(lines) + b"\n", **where)))  # type: ignore[arg-type]


@asynchronous
async def test_what_was_stored_is_found_as_it_was_written(logs: LogStore) -> None:
    hostile = [
        b"\x00nul\x00",
        b"\xff\xfe invalid \x80",
        b"\x1b[31mred\x1b[0m\x07",
        b"caf\xc3\xa9 \xf0\x9f\x98\x80",
        b"",
        b"\r",
        b"{" * 100_000,
        b"x" * 1_000_000,
    ]
    await store(logs, *hostile)

    assert await texts(logs) == hostile
    assert all(isinstance(entry.message, str) for entry in await everything(logs))


@asynchronous
async def test_an_entry_knows_where_it_came_from(logs: LogStore) -> None:
    await store(logs, b"ERROR: no", index=3, stream="stderr")

    (entry,) = await everything(logs)

    assert (entry.number, entry.background_process, entry.process) == (1, MAILS, f"{MAILS}-3")
    assert (entry.replica, entry.index, entry.pid, entry.stream) == (1, 3, 103, "stderr")
    assert (entry.code.level, entry.at_nanoseconds) == (LogLevel.ERROR, NOON)


@asynchronous
async def test_nothing_is_lost_or_changed_by_compaction(tmp_path: Path) -> None:
    logs = LogStore.open(tmp_path / "logs.db", Retention(days=36500))
    written: list[bytes] = []
    position = 0
    for number in range(400):
        lines = [b"line %d of %d %s" % (each, number, b"x" * 150) for each in range(number % 40 + 1)]
        data = b"\n".join(lines) + b"\n"
        await logs.append(batch(chunk(data, at=NOON + number * SECOND, begin=position)))
        position += len(data)
        written += lines
        if number % 7 == 0:
            await compacted(logs)
    await compacted(logs)

    assert await texts(logs) == written
    assert [entry.number for entry in await everything(logs)] == list(range(1, len(written) + 1))
    assert [entry.text for entry in await everything(logs, newest_first=True)] == written[::-1]

    logs.close()
    logs = LogStore.open(tmp_path / "logs.db", Retention(days=36500))
    await store(logs, b"after")
    await compacted(logs)
    assert await texts(logs) == [*written, b"after"]
    assert (await everything(logs))[-1].number == len(written) + 1
    logs.close()


@asynchronous
async def test_pages_follow_each_other_without_a_gap_in_both_directions(logs: LogStore) -> None:
    for number in range(30):
        at = NOON + number * SECOND
        await store(logs, b"mail %d" % number, b"more", at=at)
        await store(logs, b"report %d" % number, at=at, background_process=REPORTS)
    for newest_first in (False, True):
        whole = await everything(logs, MAILS, REPORTS, newest_first=newest_first)
        paged: list[LogEntry] = []
        behind = None
        while True:
            found = await logs.find(
                (REPORTS, MAILS), LogQuery(), Window(limit=7, behind=behind, newest_first=newest_first)
            )
            paged += found.entries
            if not found.more:
                break
            behind = place(found.entries[-1])
        assert paged == whole
        assert len(paged) == 90


@asynchronous
async def test_a_query_wants_times_levels_types_and_slots(logs: LogStore) -> None:
    await store(logs, b"DEBUG: a", b"ERROR: b", at=NOON, index=1)
    await store(logs, b'"GET / HTTP/1.1" 200', b"WARNING: c", at=NOON + 60 * SECOND, index=2)

    async def found(**wanted: object) -> list[bytes]:
        return list(await texts(logs, query=LogQuery(**wanted)))  # type: ignore[arg-type]

    assert await found(from_nanoseconds=NOON + SECOND) == [b'"GET / HTTP/1.1" 200', b"WARNING: c"]
    assert await found(to_nanoseconds=NOON) == [b"DEBUG: a", b"ERROR: b"]
    assert await found(levels={LogLevel.ERROR, LogLevel.WARNING}) == [b"ERROR: b", b"WARNING: c"]
    assert await found(types={LogType.ACCESS}) == [b'"GET / HTTP/1.1" 200']
    assert await found(replica=1, index=1) == [b"DEBUG: a", b"ERROR: b"]
    assert await found(process=f"{MAILS}-2") == [b'"GET / HTTP/1.1" 200', b"WARNING: c"]
    assert await found(replica=2) == []


@asynchronous
async def test_a_text_is_found_in_any_case_or_as_it_is_or_as_a_whole_word(logs: LogStore) -> None:
    await store(
        logs, b"Order 918273 failed", b"ORDERS", b"re-order now", b"Stra\xc3\x9fe \xc3\x89", b"a.b\tc"
    )

    async def found(text: str, **how: bool) -> list[int]:
        return [entry.number for entry in await everything(logs, query=LogQuery(text=text, **how))]  # type: ignore[arg-type]

    for _ in range(2):
        assert await found("order") == [1, 2, 3]
        assert await found("Order", case_sensitive=True) == [1]
        assert await found("order", whole_word=True) == [1, 3]
        assert await found("order", whole_word=True, case_sensitive=True) == [3]
        assert await found("8273 f") == [1]
        assert await found("é") == [4]
        assert await found("É", case_sensitive=True) == [4]
        assert await found("straße", whole_word=True) == [4]
        assert await found("a.b\tc") == [5]
        assert await found("a.b c") == []
        await store(logs, *(b"filler %d %s" % (number, b"." * 200) for number in range(3000)))
        await compacted(logs)


@given(st.text(st.sampled_from("abAB1 2_é.\x00"), min_size=1, max_size=6), st.booleans(), st.booleans())
def test_the_terms_of_a_block_never_hide_what_is_there(text: str, sensitive: bool, whole: bool) -> None:
    query = LogQuery(text=text, case_sensitive=sensitive, whole_word=whole)
    content = f"xx {text} yy{text}zz".encode()
    terms = terms_of(content)

    assert query.fragments.may_be_in_letters(terms.letters)
    assert query.fragments.may_be_in_numbers(terms.numbers)


@asynchronous
async def test_a_clock_that_jumps_breaks_neither_order_nor_ranges(logs: LogStore) -> None:
    hour = 3600 * SECOND
    await store(logs, b"one", at=NOON)
    await store(logs, b"two", at=NOON + hour)
    await store(logs, b"three", at=NOON - hour)
    await store(logs, b"four", at=NOON + 2 * hour)

    assert await texts(logs) == [b"one", b"two", b"three", b"four"]
    before = LogQuery(to_nanoseconds=NOON - 1)
    assert await texts(logs, query=before) == [b"three"]
    orders = [entry.order for entry in await everything(logs)]
    assert orders == sorted(orders)


@asynchronous
async def test_positions_are_stored_with_the_lines(tmp_path: Path) -> None:
    logs = LogStore.open(tmp_path / "logs.db", Retention())
    await store(logs, b"one")
    logs.close()

    logs = LogStore.open(tmp_path / "logs.db", Retention())
    assert await logs.positions() == {StreamId(f"{MAILS}-0", "stdout"): 4}
    await logs.forget([StreamId(f"{MAILS}-0", "stdout")])
    assert await logs.positions() == {}
    logs.close()


@asynchronous
async def test_a_write_that_fails_stores_nothing(logs: LogStore) -> None:
    await store(logs, b"one")
    bad = batch(chunk(b"two\n"))
    bad.positions[StreamId("p", "stdout")] = object()  # type: ignore[assignment]
    with pytest.raises(sqlite3.Error):
        await logs.append(bad)
    await store(logs, b"three")

    assert [(entry.number, entry.text) for entry in await everything(logs)] == [(1, b"one"), (2, b"three")]


@asynchronous
async def test_a_torn_file_is_put_aside_and_another_begun(tmp_path: Path) -> None:
    (tmp_path / "logs.db").write_bytes(random.Random(1).randbytes(50_000))

    logs = LogStore.open(tmp_path / "logs.db", Retention())

    await store(logs, b"one")
    assert await texts(logs) == [b"one"]
    logs.close()
    assert sizes(tmp_path, "logs.db.unusable-*") == [50_000]


@asynchronous
async def test_what_is_too_old_or_too_much_goes(tmp_path: Path) -> None:
    logs = LogStore.open(tmp_path / "logs.db", Retention(days=1, bytes=4_000_000))
    await store(logs, b"old", at=NOON)
    await logs.prune()
    assert await texts(logs) == []

    noise = random.Random(2)
    now = 4_000_000_000 * SECOND
    for number in range(60):
        await store(logs, noise.randbytes(50_000).hex().encode(), at=now + number * SECOND)
        await compacted(logs)
    await logs.prune()

    left = [entry.number for entry in await everything(logs)]
    assert 25 < len(left) < 45
    assert left[-1] == 61
    logs.close()


@asynchronous
async def test_a_full_disk_drops_the_oldest_and_goes_on(tmp_path: Path) -> None:
    """The file may not grow beyond so many pages: the same refusal as that of a full disk."""
    logs = LogStore.open(tmp_path / "logs.db", Retention(days=36500))
    logs._connection.execute("PRAGMA max_page_count = 1500")
    noise = random.Random(3)
    dropped = 0
    for number in range(60):
        data = noise.randbytes(500_000).hex().encode() + b"\n"
        removed = await logs.append(batch(chunk(data, at=NOON + number * SECOND)))
        dropped += len(removed.blocks)
    await store(logs, b"the end", at=NOON + 100 * SECOND)

    found = await everything(logs)
    assert dropped > 0
    assert found[-1].text == b"the end"
    assert [entry.number for entry in found] == list(range(62 - len(found), 62))
    logs.close()


@pytest.fixture
def tenth_of_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 64 MB, and a log that thinks in tenths of what it usually does."""
    for name in ("_MARGIN_BYTES", "MIN_FREE_BYTES", "_DROPPED_BYTES", "MIN_KEPT_BYTES"):
        monkeypatch.setattr(disk_space, name, getattr(disk_space, name) // 10)
    with small_disk(tmp_path / "disk", megabytes=64) as folder:
        yield folder


@asynchronous
async def test_a_log_gives_room_back_when_something_else_fills_the_disk(tenth_of_a_disk: Path) -> None:
    logs = LogStore.open(tenth_of_a_disk / "logs.db", Retention(days=36500))
    noise = random.Random(4)

    async def write(number: int) -> None:
        data = b"\n".join(noise.randbytes(1000).hex().encode() for _ in range(250)) + b"\n"
        await logs.append(batch(chunk(data, at=NOON + number * SECOND)))
        await compacted(logs)

    for number in range(200):
        await write(number)
    fill(tenth_of_a_disk / "hog")
    for number in range(200, 220):
        await write(number)

    found = await everything(logs)
    numbers = [entry.number for entry in found]
    assert numbers == list(range(55_001 - len(found), 55_001))
    assert len(found) > 2_000
    assert shutil.disk_usage(tenth_of_a_disk).free >= disk_space.MIN_FREE_BYTES
    logs.close()


@asynchronous
async def test_a_follower_gets_everything_once_and_in_order(logs: LogStore) -> None:
    await store(logs, *(b"before %d" % number for number in range(1200)))
    got: list[int] = []

    async def follow() -> None:
        async for entries in logs.follow(MAILS, 100):
            got.extend(entry.number for entry in entries)
            if got[-1] == 3200:
                return

    followers = [asyncio.create_task(follow()) for _ in range(3)]
    for number in range(200):
        await store(logs, *(b"live %d %d" % (number, each) for each in range(10)))
        if number % 50 == 0:
            await compacted(logs)
    async with asyncio.timeout(patient(20)):
        await asyncio.gather(*followers)

    assert sorted(got) == sorted(list(range(101, 3201)) * 3)


@asynchronous
async def test_a_page_of_long_entries_is_shorter(logs: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAGE_BYTES", 1000)
    await store(logs, *(b"x" * 300 for _ in range(10)))
    numbers: list[int] = []
    behind = None
    while len(numbers) < 10:
        found = await logs.find([MAILS], LogQuery(), Window(limit=100, behind=behind))
        assert len(found.entries) <= 4
        assert found.more is (found.entries[-1].number < 10)
        numbers += [entry.number for entry in found.entries]
        behind = place(found.entries[-1])
    assert numbers == list(range(1, 11))


@asynchronous
async def test_following_long_entries_takes_no_more_memory_than_others(
    logs: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_RECENT_BYTES", 1000)
    monkeypatch.setattr(reading, "_FOLLOWED_BYTES", 1000)
    long = b"x" * 300
    await store(logs, *[long] * 50)
    got: list[int] = []
    async for entries in logs.follow(MAILS, 0):
        got.extend(entry.number for entry in entries)
        assert sum(len(entry.text) for entry in entries) < 1000 + len(long)
        assert sum(len(entry.text) for entry in logs._live._followed[MAILS].recent) <= 1000
        if got[-1] == 100:
            break
        if await logs.last_number(MAILS) < 100:
            await store(logs, *[long] * 10)
    assert got == list(range(1, 101))


@asynchronous
async def test_the_background_processes_of_an_environment_are_known_from_their_logs(logs: LogStore) -> None:
    await store(logs, b"one")
    await store(logs, b"two", background_process=REPORTS)

    assert await logs.of_environment(SHOP) == [MAILS, REPORTS]
    assert await logs.last_number(REPORTS) == 1
    assert await logs.last_number(MAILS) == 1


@given(st.lists(st.integers(1, FULL_BYTES - 1), max_size=60))
def test_few_small_blocks_are_ever_left(sizes: list[int]) -> None:
    blocks: list[int] = []
    for size in sizes:
        blocks.append(size)
        while count := blocks_to_compact(blocks):
            assert count > 1
            merged = sum(blocks[-count:])
            del blocks[-count:]
            if merged < FULL_BYTES:
                blocks.append(merged)
            else:
                blocks.clear()

    assert len(blocks) <= 8 * 4
    assert sum(blocks) < FULL_BYTES
