"""What stores lines of ten processes, and is asked for the newest of one and for a rare word."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from benchmarks.logs.corpus import RARE
from benchmarks.setup import MissingError
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.logs.output import Chunk, OffsetEntry
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.query import LogQuery
from engineroom.telemetry.logs.blocks.reading import Window
from engineroom.telemetry.logs.blocks.retention import Retention
from engineroom.telemetry.logs.blocks.writer import LogOwner
from engineroom.telemetry.logs.entries.intake import batch_of

PROCESSES = 10
ASKED = 3
"""The process whose newest lines are asked for."""

Batch = Sequence[list[bytes]]
"""The new lines of each process."""


class Contender(Protocol):
    """Something that keeps lines. How many it found is looked at, so that none finds less than the others."""

    name: str

    def store(self, batches: Iterator[Batch]) -> None:
        """Store everything, until it is on disk and can be searched as well as ever."""

    def newest(self) -> tuple[float, int]:
        """Find the newest hundred lines of one process; return the seconds that took, and how many they are."""

    def rare(self) -> tuple[float, int]:
        """Find the lines with the rare word; return the seconds that took, and how many they are."""

    def bytes_on_disk(self) -> int:
        """Return how much room everything takes."""


class Engineroom:
    """The log store: what came from a runtime is made entries, stored, and all its words are found."""

    name = "engineroom"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owners = {
            BackgroundProcessId(f"process-{number}"): LogOwner(
                BackgroundProcessId(f"process-{number}"), InstanceId("inst-1"), EnvironmentId("env-1")
            )
            for number in range(PROCESSES)
        }

    def store(self, batches: Iterator[Batch]) -> None:
        """See Contender."""
        asyncio.run(self._store(batches))

    def newest(self) -> tuple[float, int]:
        """See Contender."""
        return self._find([list(self._owners)[ASKED]], LogQuery(), Window(limit=100, newest_first=True))

    def rare(self) -> tuple[float, int]:
        """See Contender."""
        return self._find(list(self._owners), LogQuery(text=RARE.decode()), Window(limit=100))

    def bytes_on_disk(self) -> int:
        """See Contender. The reserve is room for a full disk, however much is stored."""
        return sum(
            file.stat().st_size for file in self._folder.glob("logs.db*") if "reserve" not in file.name
        )

    async def _store(self, batches: Iterator[Batch]) -> None:
        logs = LogStore.open(self._folder / "logs.db", Retention(days=36500, bytes=10**12))
        begin, at = 0, time.time_ns()
        for number, batch in enumerate(batches):
            chunks = [self._chunk(place, lines, begin, at + number) for place, lines in enumerate(batch)]
            await logs.append(batch_of(chunks, self._owners, at + 10**10))
            begin = chunks[0].end
            await logs.compact()
        while await logs.compact():
            pass
        logs.close()

    def _chunk(self, place: int, lines: list[bytes], begin: int, at: int) -> Chunk:
        data = b"\n".join(lines) + b"\n"
        return Chunk(
            process=f"p{place}",
            background_process=list(self._owners)[place],
            replica=1,
            index=0,
            stream="stdout",
            begin=begin,
            data=data,
            offset_index=(OffsetEntry(begin + len(data), at, 1),),
        )

    def _find(self, owners: list[BackgroundProcessId], query: LogQuery, window: Window) -> tuple[float, int]:
        async def find() -> tuple[float, int]:
            logs = LogStore.open(self._folder / "logs.db", Retention(days=36500, bytes=10**12))
            # A server has its connections open; only the question is timed.
            await logs.find([], query, window)
            began = time.perf_counter()
            found = await logs.find(owners, query, window)
            seconds = time.perf_counter() - began
            logs.close()
            return seconds, len(found.entries)

        return asyncio.run(find())


class Files:
    """A file for each process, as every supervisor writes them; tail and grep ask."""

    name = "files, grep"

    def __init__(self, folder: Path) -> None:
        self._files = [folder / f"{number}.log" for number in range(PROCESSES)]

    def store(self, batches: Iterator[Batch]) -> None:
        """See Contender."""
        with _opened(self._files) as files:
            for batch in batches:
                for file, lines in zip(files, batch, strict=True):
                    file.write(b"\n".join(lines) + b"\n")
        subprocess.run(["sync", *map(str, self._files)], check=True)

    def newest(self) -> tuple[float, int]:
        """See Contender."""
        return _lines(["tail", "-n", "100", str(self._files[ASKED])])

    def rare(self) -> tuple[float, int]:
        """See Contender."""
        return _lines(["grep", "-h", "-i", "-F", RARE.decode(), *map(str, self._files)])

    def bytes_on_disk(self) -> int:
        """See Contender."""
        return sum(file.stat().st_size for file in self._files)


class Journal:
    """The journal of systemd, written by systemd-journal-remote and asked by journalctl."""

    name = "journal"
    _WRITER = "/lib/systemd/systemd-journal-remote"

    def __init__(self, folder: Path) -> None:
        if not Path(self._WRITER).exists() or shutil.which("journalctl") is None:
            raise MissingError(
                "systemd-journal-remote was not found; install it with: apt-get install systemd-journal-remote"
            )
        self._file = folder / "logs.journal"

    def store(self, batches: Iterator[Batch]) -> None:
        """See Contender."""
        command = [self._WRITER, "--output", str(self._file), "--split-mode=none", "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
            assert writer.stdin is not None
            at = time.time_ns() // 1000
            for number, batch in enumerate(batches):
                writer.stdin.write(b"".join(_exported(batch, at + number)))
        if writer.returncode != 0:
            raise MissingError(f"systemd-journal-remote ended with {writer.returncode}")

    def newest(self) -> tuple[float, int]:
        """See Contender."""
        return _lines([*self._asked(), "-n", "100", f"SYSLOG_IDENTIFIER=p{ASKED}"])

    def rare(self) -> tuple[float, int]:
        """See Contender."""
        return _lines([*self._asked(), "--case-sensitive=no", "--grep", RARE.decode()])

    def bytes_on_disk(self) -> int:
        """See Contender."""
        return sum(file.stat().st_size for file in self._file.parent.glob("*.journal"))

    def _asked(self) -> list[str]:
        return [
            "journalctl",
            "--quiet",
            "--no-pager",
            "--output=cat",
            f"--file={self._file.parent}/*.journal",
        ]


def _lines(command: list[str]) -> tuple[float, int]:
    """Run a command; return the seconds that took, and how many lines it wrote."""
    began = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - began, done.stdout.count(b"\n")


@contextmanager
def _opened(paths: Sequence[Path]) -> Iterator[list[BinaryIO]]:
    with ExitStack() as stack:
        yield [stack.enter_context(path.open("wb")) for path in paths]


def _exported(batch: Batch, at: int) -> Iterator[bytes]:
    """Yield the lines in the journal's export format (systemd's JOURNAL_EXPORT_FORMATS)."""
    for place, lines in enumerate(batch):
        for line in lines:
            yield b"__REALTIME_TIMESTAMP=%d\nSYSLOG_IDENTIFIER=p%d\nMESSAGE=%s\n\n" % (at, place, line)


CONTENDERS: Sequence[Callable[[Path], Contender]] = (Engineroom, Files, Journal)
