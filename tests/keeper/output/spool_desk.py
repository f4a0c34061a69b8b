"""A desk for tests of the spool: one that prints, one that keeps, and one that reads."""

import os
from pathlib import Path

from engineroom.keeper.output.spool import Spool
from engineroom.model.logs.output import Chunk, Line, StreamId, lines
from engineroom.runtime.local.output import OutputReader

KEPT = 64 * 1024
ID = "process-1.1.0.abc"
EVERYTHING = 1 << 40


class Desk:
    """A spool, a child that appends to it, and a reader that follows the spool's word."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.after: dict[StreamId, int] = {}
        self.lines: list[Line] = []
        self.dropped = 0
        self.reader = OutputReader(folder)
        self.begin_anew({})
        self.spool.keep(KEPT)

    def begin_anew(self, pids: dict[str, int], boot: str = "one") -> None:
        """Be a keeper that was just started, where these processes run."""
        self.spool = Spool(self.folder / "spool", boot=boot)
        self.spool.recover(pids)

    def path(self, process: str = ID, stream: int = 0) -> Path:
        return Path(self.spool.paths(process)[stream])

    def write(self, data: bytes, process: str = ID, stream: int = 0, at: float | None = None) -> None:
        with self.path(process, stream).open("ab") as file:
            file.write(data)
        if at is not None:
            os.utime(self.path(process, stream), (at, at))

    def prints(self, data: bytes, **how: object) -> None:
        self.write(data, **how)  # type: ignore[arg-type]
        self.look()

    def look(self) -> None:
        """Look, and wait until what that has freed is free."""
        self.spool.look()
        self.spool.puncher.wait()

    def read(self, *, after: dict[StreamId, int] | None = None) -> list[Chunk]:
        self.reader.take(self.spool.changed)
        self.spool.changed = {}
        return list(self.reader.read(self.after if after is None else after, EVERYTHING))

    def follow(self) -> list[Line]:
        """Read on, and return all lines so far."""
        while chunks := self.read():
            for chunk in chunks:
                assert chunk.begin == self.after.get(chunk.id, 0) + chunk.dropped_bytes
                self.lines += lines(chunk)
                self.dropped += chunk.dropped_bytes
                self.after[chunk.id] = chunk.end
        return self.lines

    def texts(self) -> list[bytes]:
        return [line.text for line in self.follow()]

    def acknowledge(self) -> None:
        self.spool.acknowledge({f"{id.process}.{id.stream}": end for id, end in self.after.items()})


def used(path: Path) -> int:
    return path.stat().st_blocks * 512


def numbered(first: int, count: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(first, first + count))
