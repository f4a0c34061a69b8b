"""From the lines that a stream brings to entries: traces stay together, levels and types are found."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engineroom.model.logs.characters import cut_before
from engineroom.model.logs.output import Line
from engineroom.telemetry.logs.entries.classify import classify
from engineroom.telemetry.logs.entries.codes import CUT
from engineroom.telemetry.logs.entries.continuation import Group, may_have_message, message_lines

MAX_ENTRY_LENGTH = 1 << 20
"""In bytes; a longer one is cut and marked."""


@dataclass(slots=True)
class EntryRun:
    """Entries of one life of one process that had been written by the same moment: one text and one code for each."""

    at: int
    process: str
    replica: int
    index: int
    pid: int
    stream: str
    texts: list[bytes] = field(default_factory=list)
    codes: bytearray = field(default_factory=bytearray)

    def add(self, lines: list[bytes], *, cut: bool) -> None:
        """Add the entry that these lines are."""
        text = lines[0] if len(lines) == 1 else b"\n".join(lines)
        if len(text) > MAX_ENTRY_LENGTH:
            text, cut = text[: cut_before(text, MAX_ENTRY_LENGTH)], True
        self.texts.append(text)
        code = classify(text)
        self.codes.append(code + CUT if cut else code)

    def pieces(self, most_bytes: int) -> Iterator[tuple["EntryRun", int]]:
        """Yield the run in pieces of about so many bytes at most, each with its bytes."""
        size = sum(map(len, self.texts)) + len(self.texts)
        if size <= most_bytes:
            yield self, size
            return
        step = max(1, len(self.texts) * most_bytes // size)
        for start in range(0, len(self.texts), step):
            texts, codes = self.texts[start : start + step], self.codes[start : start + step]
            piece = EntryRun(
                self.at, self.process, self.replica, self.index, self.pid, self.stream, texts, codes
            )
            yield piece, sum(map(len, texts)) + len(texts)


@dataclass(slots=True)
class _Open:
    """The entry that is being put together, and the line that it began with."""

    first: Line
    group: Group
    cut: bool


def runs(lines: Sequence[Line]) -> tuple[list[EntryRun], list[bytes]]:
    """Return the entries of these lines of one stream; and the lines of the last entry, when more may belong to it.

    Those are in the last run too: whoever waits for more takes its last entry back with `without_last`.
    """
    found: list[EntryRun] = []
    entry: _Open | None = None
    message_end = 0
    for place, line in enumerate(lines):
        if entry is not None and line.pid == entry.first.pid:
            if place < message_end:
                entry.group.add(line.text)
                continue
            if entry.group.takes(line.text):
                entry.cut = entry.cut or line.cut
                continue
        if entry is not None:
            _close(found, entry)
        entry = _Open(line, Group(line.text), line.cut)
        if may_have_message(line.text):
            message_end = place + 1 + message_lines(_of_same_life(lines, place))
    if entry is None:
        return found, []
    _close(found, entry)
    return found, entry.group.lines if entry.group.may_go_on and not entry.cut else []


def _of_same_life(lines: Sequence[Line], place: int) -> Iterator[bytes]:
    """Yield the texts of the lines behind a place that the same life wrote."""
    for behind in range(place + 1, len(lines)):
        if lines[behind].pid != lines[place].pid:
            return
        yield lines[behind].text


def without_last(found: list[EntryRun]) -> list[EntryRun]:
    """Return the runs without their last entry."""
    last = found[-1]
    del last.texts[-1], last.codes[-1]
    return found if last.texts else found[:-1]


def _close(found: list[EntryRun], entry: _Open) -> None:
    line = entry.first
    run = found[-1] if found else None
    if run is None or run.at != line.at_nanoseconds or run.pid != line.pid:
        run = EntryRun(line.at_nanoseconds, line.process, line.replica, line.index, line.pid, line.stream)
        found.append(run)
    run.add(entry.group.lines, cut=entry.cut)


def in_time(streams: Iterable[list[EntryRun]]) -> list[EntryRun]:
    """Return the runs of several streams by time. Those of one stream keep their order, whatever the clock did."""
    keyed = [pair for stream in streams for pair in _rising(stream)]
    return [run for _, run in sorted(keyed, key=lambda pair: pair[0])]


def _rising(stream: list[EntryRun]) -> Iterator[tuple[int, EntryRun]]:
    latest = 0
    for run in stream:
        latest = max(latest, run.at)
        yield latest, run
