"""From lines to entries."""

from dataclasses import replace

import pytest

from engineroom.model.logs.log import LogType
from engineroom.model.logs.output import Chunk, OffsetEntry
from engineroom.telemetry.logs.entries.codes import CODES
from tests.telemetry.logs.made import MAILS, NOON, SECOND, batch, chunk, owner

PYTHON = b"""ERROR:root:job failed
Traceback (most recent call last):
  File "a.py", line 3, in work
    do()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 5, in work
    raise Failed from None
app.Failed: no
"""

LARAVEL = b"""[2025-11-25 12:00:00] production.ERROR: No {"exception":"[object] (RuntimeException(code: 0): No at J.php:9)
[stacktrace]
#0 /app/vendor/a.php(36): handle()
#1 {main}
"}
"""

JAVASCRIPT = b"""Error: boom
    at main (/app/a.js:3:1)
    at node:internal/main:1:1
"""

LARAVEL_NESTED = b"""[2025-11-25 12:00:00] production.ERROR: cannot pay
SQL: select *
from orders {"userId":7,"exception":"[object] (RuntimeException(code: 5): cannot pay
SQL: select *
from orders at J.php:15)
[stacktrace]
#0 /app/vendor/a.php(36): handle()
#1 {main}

[previous exception] [object] (LogicException(code: 0): inner
with a second line at J.php:14)
[stacktrace]
#0 {main}
"}
"""

JAVA = b"""Exception in thread "main" java.lang.IllegalStateException: no
\tat app.Main.main(Main.java:3)
Caused by: java.lang.RuntimeException: inner
\t... 1 more
"""

GO = b"""panic: index out of range

goroutine 1 [running]:
main.main()
\t/app/main.go:5 +0x1d
exit status 2
"""


def entries(*chunks: Chunk, now: int = NOON + 10 * SECOND) -> list[bytes]:
    return [text for run in batch(*chunks, now=now).runs.get(owner(), []) for text in run.texts]


def test_a_trace_stays_one_entry() -> None:
    for trace in (PYTHON, LARAVEL, LARAVEL_NESTED, JAVASCRIPT, JAVA, GO):
        assert entries(chunk(b"before\n" + trace + b"after\n")) == [b"before", trace[:-1], b"after"]


def test_lines_behind_an_error_are_its_message_only_where_its_exception_follows() -> None:
    error = b"[2025-11-25 12:00:00] production.ERROR: it broke\n"

    assert len(entries(chunk(error + b"next\nand next\n" + LARAVEL))) == 4
    assert entries(chunk(LARAVEL_NESTED + LARAVEL_NESTED)) == [LARAVEL_NESTED[:-1]] * 2
    unended = LARAVEL[: LARAVEL.index(b"#1")]
    assert entries(chunk(unended + LARAVEL)) == [unended[:-1], LARAVEL[:-1]]


def test_indented_lines_with_a_time_or_a_level_of_their_own_are_entries_of_their_own() -> None:
    worker = (
        b"   INFO  Processing jobs from the [default] queue.  \n"
        b"  2025-11-25 12:00:00 App\\Jobs\\Mail ....... RUNNING\n"
        b"  2025-11-25 12:00:01 App\\Jobs\\Mail ....... 1s DONE\n"
    )

    assert len(entries(chunk(worker))) == 3


def test_a_trace_that_has_only_begun_is_left_until_its_rest_is_there() -> None:
    head = PYTHON[: PYTHON.index(b"  File")]

    early = batch(chunk(b"before\n" + head), now=NOON)

    assert [text for run in early.runs[owner()] for text in run.texts] == [b"before"]
    assert list(early.positions.values()) == [len(b"before\n")]
    whole = chunk(PYTHON, begin=len(b"before\n"))
    assert entries(whole) == [PYTHON[:-1]]


def test_what_is_left_waits_only_a_moment() -> None:
    late = batch(chunk(b"ERROR: it broke\n"), now=NOON + SECOND)

    assert list(late.positions.values()) == [len(b"ERROR: it broke\n")]
    assert [run.texts for run in late.runs[owner()]] == [[b"ERROR: it broke"]]


def test_the_last_words_of_a_life_wait_for_nothing() -> None:
    whole = chunk(b"ERROR: it broke\n")
    (entry,) = whole.offset_index
    early = batch(replace(whole, offset_index=(entry, entry._replace(ends_life=True))), now=NOON)

    assert list(early.positions.values()) == [len(b"ERROR: it broke\n")]


def test_a_clock_that_was_set_back_lets_nothing_wait() -> None:
    assert entries(chunk(b"ERROR: it broke\n"), now=NOON - 3600 * SECOND) == [b"ERROR: it broke"]


def test_two_lives_never_share_an_entry() -> None:
    data = b"Traceback (most recent call last):\n  File\n"
    first = len(b"Traceback (most recent call last):\n")
    lives = Chunk(
        process="p",
        background_process=MAILS,
        replica=1,
        index=0,
        stream="stderr",
        begin=0,
        data=data,
        offset_index=(OffsetEntry(first, NOON, 1, ends_life=True), OffsetEntry(len(data), NOON, 2)),
    )

    assert len(entries(lives)) == 2


def test_streams_are_put_in_the_order_of_time_and_each_keeps_its_own() -> None:
    late = chunk(b"late\n", at=NOON + 2 * SECOND, stream="stderr")
    early = chunk(b"early\n", at=NOON + SECOND)
    jumping = Chunk(
        process="p",
        background_process=MAILS,
        replica=1,
        index=1,
        stream="stdout",
        begin=0,
        data=b"first\nsecond\n",
        offset_index=(OffsetEntry(6, NOON + 3 * SECOND, 1), OffsetEntry(13, NOON, 1)),
    )

    assert entries(late, early, jumping) == [b"early", b"late", b"first", b"second"]


def test_what_was_lost_is_said_where_it_was_lost() -> None:
    run = batch(chunk(b"after\n", dropped_bytes=4096)).runs[owner()][0]

    assert run.texts[0].startswith(b"4096 bytes of output were lost here")
    assert CODES[run.codes[0]].type is LogType.SYSTEM


def test_an_entry_longer_than_a_megabyte_is_cut_and_marked() -> None:
    data = b"x" * (1 << 20) + b"\n" + b" y" * 1000 + b"\n"

    (run,) = batch(chunk(data)).runs[owner()]

    assert [len(text) for text in run.texts] == [1 << 20]
    assert CODES[run.codes[0]].cut


def test_no_entry_has_more_than_two_thousand_lines() -> None:
    assert len(entries(chunk(b"top\n" + b"  indented\n" * 5000))) > 2


@pytest.mark.parametrize(
    "text",
    [
        b"message\n" + b" " * 1_000_000 + b"x\n",
        b"panic: no\n" + b"(" * 1_000_000 + b"\n",
        (b" " * 500 + b"\n") * 8_000,
    ],
    ids=["blanks", "brackets", "blank lines"],
)
def test_no_line_is_so_odd_that_it_holds_up_the_others(text: bytes) -> None:
    assert sum(len(entry) for entry in entries(chunk(text))) >= len(text) - len(text.splitlines())
