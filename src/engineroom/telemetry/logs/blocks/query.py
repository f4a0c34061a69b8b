"""What is looked for in the log, and whether an entry is that: pure."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.log import LogEntry, LogLevel, LogType
from engineroom.telemetry.logs.blocks.block import STREAMS, Block, EntryWriter, Span, restored, slot_bit
from engineroom.telemetry.logs.blocks.term_index import Fragments, fragments_of
from engineroom.telemetry.logs.entries import codes
from engineroom.telemetry.logs.entries.codes import CODES

LATEST_NANOSECONDS = (1 << 63) - 1
"""Since 1970; what is kept of an entry's moment cannot be more."""

_NOT_IN_WORD = rb"(?<![0-9A-Za-z_\x80-\xff])%s(?![0-9A-Za-z_\x80-\xff])"


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """Which entries are wanted; what is None or empty holds for all of them. Moments are nanoseconds since 1970, UTC."""

    text: str = ""
    case_sensitive: bool = False
    whole_word: bool = False
    from_nanoseconds: int = 0
    to_nanoseconds: int = LATEST_NANOSECONDS
    levels: Collection[LogLevel] | None = None
    types: Collection[LogType] | None = None
    process: str | None = None
    replica: int | None = None
    index: int | None = None

    @cached_property
    def code_mask(self) -> int:
        """The mask of the codes that are wanted."""
        return codes.wanted(self.levels, self.types)

    @cached_property
    def slot_mask(self) -> int:
        """The mask of the slots that are wanted."""
        if self.replica is None or self.index is None:
            return (1 << 62) - 1
        return slot_bit(self.replica, self.index)

    @cached_property
    def fragments(self) -> Fragments:
        """What a block must have among its terms."""
        return fragments_of(self.text)

    @cached_property
    def _matches(self) -> Callable[[bytes], bool]:
        if not self.text:
            return lambda _text: True
        if self.whole_word:
            return self._as_whole_word()
        return self._contains()

    def _contains(self) -> Callable[[bytes], bool]:
        needle = self.text if self.case_sensitive else self.text.lower()
        found = needle.encode("utf-8", "surrogatepass")
        if self.case_sensitive:
            return lambda text: found in text
        if self.text.isascii():
            return lambda text: found in text.lower()
        return lambda text: needle in text.decode("utf-8", "replace").lower()

    def _as_whole_word(self) -> Callable[[bytes], bool]:
        if self.text.isascii() or self.case_sensitive:
            escaped = re.escape(self.text.encode("utf-8", "surrogatepass"))
            pattern = re.compile(_NOT_IN_WORD % escaped, 0 if self.case_sensitive else re.IGNORECASE)
            plain = self._contains()
            return lambda text: plain(text) and pattern.search(text) is not None
        words = re.compile(rf"(?<!\w){re.escape(self.text)}(?!\w)", re.IGNORECASE)
        return lambda text: words.search(text.decode("utf-8", "replace")) is not None

    def found(
        self, block: Block, background_process: BackgroundProcessId, *, newest_first: bool = False
    ) -> Iterator[LogEntry]:
        """Yield the entries of the block that are wanted, in this order."""
        # A text across lines would be missed in the stored form, so only what stands in one line is looked for at once.
        if self.text and "\n" not in self.text and "\0" not in self.text and not self._matches(block.text):
            return
        texts = block.text.split(b"\n")
        for span, places in _places(block, newest_first=newest_first):
            writer = block.writers[span.writer]
            if not self._wants(span, writer):
                continue
            for place in places:
                code = block.codes[place]
                text = restored(texts[place])
                if self.code_mask >> code & 1 and self._matches(text):
                    yield LogEntry(
                        block.first + place,
                        span.order,
                        span.at,
                        background_process,
                        writer.process,
                        writer.replica,
                        writer.index,
                        writer.pid,
                        STREAMS[writer.stream],
                        CODES[code],
                        text,
                    )

    def wants(self, entry: LogEntry) -> bool:
        """Return whether an entry is wanted."""
        return (
            self.from_nanoseconds <= entry.at_nanoseconds <= self.to_nanoseconds
            and self.replica in (None, entry.replica)
            and self.index in (None, entry.index)
            and self.process in (None, entry.process)
            and (self.levels is None or entry.code.level in self.levels)
            and (self.types is None or entry.code.type in self.types)
            and self._matches(entry.text)
        )

    def _wants(self, span: Span, writer: EntryWriter) -> bool:
        return (
            self.from_nanoseconds <= span.at <= self.to_nanoseconds
            and self.replica in (None, writer.replica)
            and self.index in (None, writer.index)
            and self.process in (None, writer.process)
        )


def _places(block: Block, *, newest_first: bool) -> Iterator[tuple[Span, Sequence[int]]]:
    """Yield each span with the places of its entries in the block."""
    if not newest_first:
        end = 0
        for span in block.spans:
            start, end = end, end + span.count
            yield span, range(start, end)
        return
    start = block.count
    for span in reversed(block.spans):
        start, end = start - span.count, start
        yield span, range(end - 1, start - 1, -1)
