"""Write the log: batches as they come; later, join small blocks and index the terms of full ones."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.logs.output import StreamId
from engineroom.telemetry import sqlite_files
from engineroom.telemetry.logs.blocks import tables
from engineroom.telemetry.logs.blocks.block import Block, block_of, joined, unpacked
from engineroom.telemetry.logs.blocks.compaction import FULL_BYTES, blocks_to_compact
from engineroom.telemetry.logs.blocks.retention import Removed
from engineroom.telemetry.logs.blocks.tables import Fact
from engineroom.telemetry.logs.blocks.term_index import terms_of
from engineroom.telemetry.logs.entries.entries import EntryRun

_INSERT_BLOCK = """
INSERT INTO blocks (owner, first, last, earliest, latest, first_order, last_order, codes, slots, size, bytes, indexed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
"""
_SET_POSITION = "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)"
_SET_COUNT = "INSERT OR REPLACE INTO counts VALUES (?, ?, ?)"

_DROPPED = Fact.DROPPED_BYTES, Fact.DROPPED_UNTIL


@dataclass(frozen=True, slots=True)
class LogOwner:
    """A background process whose output is kept, and where it belongs."""

    background_process: BackgroundProcessId
    instance: InstanceId
    environment: EnvironmentId


@dataclass(slots=True)
class Batch:
    """What is stored in one write: entries by owner, and the positions up to which the streams are read with them."""

    runs: dict[LogOwner, list[EntryRun]] = field(default_factory=dict)
    positions: dict[StreamId, int] = field(default_factory=dict)
    noted_at: int = 0
    """The latest moment of what is in it that nobody printed; 0 where there is nothing of the kind."""


@dataclass(slots=True)
class _Tail:
    """Where the log of one owner ends: its last number and order, and the blocks that are not full, oldest first."""

    owner: int
    last: int = 0
    order: int = 0
    small: list[tuple[int, int]] = field(default_factory=list)


class LogWriter:
    """Writes on one connection, which nobody else writes on. All of it runs in one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tails: dict[BackgroundProcessId, _Tail]
        self._uncompacted: dict[BackgroundProcessId, None]
        self._unindexed: list[int]
        self._load()

    def append(self, batch: Batch) -> dict[BackgroundProcessId, list[Block]]:
        """Store a batch, and return its blocks once they are on disk; when it raises, nothing of it is stored."""
        tails: dict[BackgroundProcessId, _Tail] = {}
        stored: dict[BackgroundProcessId, list[Block]] = {}
        full: list[int] = []
        with self._transaction():
            for owner, runs in batch.runs.items():
                tail = self._tail(owner)
                blocks = list(_blocks(runs, tail))
                for block in blocks:
                    id = self._insert(tail.owner, block, block.packed())
                    _note(tail, full, id, block)
                self._connection.execute(_SET_COUNT, (tail.owner, tail.last, tail.order))
                tails[owner.background_process] = tail
                stored[owner.background_process] = blocks
            positions = [(*stream, offset) for stream, offset in batch.positions.items()]
            self._connection.executemany(_SET_POSITION, positions)
            if batch.noted_at:
                tables.set_fact(self._connection, Fact.NOTED_AT, batch.noted_at)
        self._tails.update(tails)
        self._uncompacted.update(dict.fromkeys(tails))
        self._unindexed += full
        return stored

    def compact(self, most_bytes: int) -> bool:
        """Join small blocks and index the terms of full ones, about so many bytes; return whether there is more to do."""
        if not self._uncompacted and not self._unindexed:
            return False
        done = 0
        try:
            with self._transaction():
                while self._uncompacted and done < most_bytes:
                    done += self._join(next(iter(self._uncompacted)))
                while self._unindexed and done < most_bytes:
                    done += self._index(self._unindexed.pop(0))
        except BaseException:
            self._load()
            raise
        return bool(self._uncompacted or self._unindexed)

    def positions(self) -> dict[StreamId, int]:
        """Return up to where each stream is read and stored."""
        rows = self._connection.execute("SELECT process, stream, offset FROM positions")
        return {StreamId(process, stream): offset for process, stream, offset in rows}

    def forget(self, streams: Sequence[StreamId]) -> None:
        """Forget the positions of streams that nobody will ever read again."""
        with self._transaction():
            self._connection.executemany("DELETE FROM positions WHERE process = ? AND stream = ?", streams)

    def remove(self, blocks: Sequence[int], unnotified: Removed | None = None) -> None:
        """Remove blocks for good, and note in the same write what people are to be notified of."""
        rows = [(block,) for block in blocks]
        with self._transaction():
            for table, key in (
                ("texts", "block"),
                ("letters", "block"),
                ("numbers", "block"),
                ("blocks", "id"),
            ):
                self._connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", rows)  # noqa: S608
            if unnotified is not None and unnotified.blocks:
                self._note_dropped(self.dropped().and_(unnotified))
        gone = set(blocks)
        self._unindexed = [block for block in self._unindexed if block not in gone]
        for tail in self._tails.values():
            # Only blocks that follow each other can be joined.
            while gone.intersection(id for id, _ in tail.small):
                del tail.small[0]

    def dropped(self) -> Removed:
        """Return what was removed, as the disk was full, and nobody was notified of yet."""
        dropped, until = (tables.fact(self._connection, name) for name in _DROPPED)
        return Removed([], dropped, until)

    def notified(self, dropped: Removed) -> None:
        """Record that people were notified of what was dropped."""
        with self._transaction():
            self._note_dropped(Removed([], max(0, self.dropped().bytes - dropped.bytes), 0))

    def _note_dropped(self, dropped: Removed) -> None:
        for name, value in zip(_DROPPED, (dropped.bytes, dropped.latest), strict=True):
            tables.set_fact(self._connection, name, value)

    def _load(self) -> None:
        self._tails, self._unindexed = {}, []
        rows = self._connection.execute(
            "SELECT owners.id, background_process, last, last_order FROM owners LEFT JOIN counts ON owner = id"
        )
        for owner, background_process, last, order in rows:
            self._tails[background_process] = _Tail(owner, last or 0, order or 0)
        by_id = {tail.owner: tail for tail in self._tails.values()}
        before = (0, 0)
        for id, owner, first, last, size, indexed in self._connection.execute(
            "SELECT id, owner, first, last, size, indexed FROM blocks ORDER BY owner, first"
        ):
            tail = by_id[owner]
            if size >= FULL_BYTES or before != (owner, first - 1):
                tail.small.clear()
            if size < FULL_BYTES:
                tail.small.append((id, size))
            elif not indexed:
                self._unindexed.append(id)
            before = (owner, last)
        self._uncompacted = dict.fromkeys(self._tails)

    def _tail(self, owner: LogOwner) -> _Tail:
        """Return a copy of where the owner's log ends: it is taken back when the write fails."""
        found = self._tails.get(owner.background_process)
        if found is not None:
            return _Tail(found.owner, found.last, found.order, list(found.small))
        added = self._connection.execute(
            "INSERT INTO owners (background_process, instance, environment) VALUES (?, ?, ?)",
            (owner.background_process, owner.instance, owner.environment),
        )
        return _Tail(_id(added))

    def _insert(self, owner: int, block: Block, packed: bytes) -> int:
        times = [span.at for span in block.spans]
        columns = (
            owner, block.first, block.last, min(times), max(times),
            block.spans[0].order, block.order,
            block.code_mask, block.slot_mask, block.size, len(packed),
        )  # fmt: skip
        id = _id(self._connection.execute(_INSERT_BLOCK, columns))
        self._connection.execute("INSERT INTO texts VALUES (?, ?)", (id, packed))
        return id

    def _join(self, background_process: BackgroundProcessId) -> int:
        """Join the newest small blocks of a background process, where that is due; return how many bytes that were."""
        tail = self._tails[background_process]
        count = blocks_to_compact([size for _, size in tail.small])
        if count == 0:
            del self._uncompacted[background_process]
            return 0
        ids = [id for id, _ in tail.small[-count:]]
        block = joined([self._read(id) for id in ids])
        for id in ids:
            self._connection.execute("DELETE FROM blocks WHERE id = ?", (id,))
            self._connection.execute("DELETE FROM texts WHERE block = ?", (id,))
        merged = self._insert(tail.owner, block, block.packed())
        del tail.small[-count:]
        _note(tail, self._unindexed, merged, block)
        return block.size

    def _index(self, id: int) -> int:
        block = self._read(id)
        terms = terms_of(block.text)
        self._connection.execute("INSERT INTO letters VALUES (?, ?)", (id, terms.letters))
        self._connection.execute("INSERT INTO numbers VALUES (?, ?)", (id, terms.numbers))
        self._connection.execute(
            "UPDATE blocks SET indexed = 1, bytes = bytes + ? WHERE id = ?", (terms.size, id)
        )
        return block.size

    def _read(self, id: int) -> Block:
        first, data = self._connection.execute(
            "SELECT first, data FROM blocks JOIN texts ON block = id WHERE id = ?", (id,)
        ).fetchone()
        return unpacked(data, first)

    def _transaction(self) -> AbstractContextManager[None]:
        return sqlite_files.transaction(self._connection)


def _blocks(runs: Sequence[EntryRun], tail: _Tail) -> Iterator[Block]:
    """Yield the blocks of these runs; what they are numbered and ordered by goes on in the tail."""
    for part in _parts(runs):
        block = block_of(part, tail.last + 1, tail.order)
        tail.last, tail.order = block.last, block.order
        yield block


def _parts(runs: Sequence[EntryRun]) -> Iterator[list[EntryRun]]:
    """Yield the runs in parts that make a block of about the full size each."""
    part: list[EntryRun] = []
    size = 0
    for run in runs:
        for piece, bytes_ in run.pieces(FULL_BYTES):
            if part and size + bytes_ > FULL_BYTES * 5 // 4:
                yield part
                part, size = [], 0
            part.append(piece)
            size += bytes_
    if part:
        yield part


def _note(tail: _Tail, full: list[int], id: int, block: Block) -> None:
    """Note a new block: as one to be compacted, or as one whose terms are to be indexed."""
    if block.size < FULL_BYTES:
        tail.small.append((id, block.size))
    else:
        tail.small.clear()
        full.append(id)


def _id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid
