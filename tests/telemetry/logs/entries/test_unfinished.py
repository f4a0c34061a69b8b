"""Lines without an end are shown after a moment, and never stored."""

from dataclasses import replace

from engineroom.model.logs.output import Chunk
from engineroom.telemetry.logs.entries.unfinished import SHOWN_AFTER_SECONDS, Unfinished
from tests.telemetry.logs.made import MAILS, chunk

LATER = 100 + SHOWN_AFTER_SECONDS


def beginning(text: bytes, begin: int = 0) -> Chunk:
    return replace(chunk(b"", begin=begin), unfinished=text)


def shown(lines: Unfinished) -> list[str]:
    return [entry.message for entry in lines.shown(MAILS)]


def test_a_line_that_stays_without_an_end_is_shown_after_a_moment() -> None:
    lines = Unfinished()
    lines.take([beginning(b"Continue? ")], 100)
    assert not lines.due(100)
    assert not shown(lines)
    assert lines.due(LATER) == {MAILS}
    assert not lines.due(LATER)
    assert shown(lines) == ["Continue? "]


def test_a_line_that_is_whole_soon_is_not_shown_before() -> None:
    lines = Unfinished()
    lines.take([beginning(b"hel")], 100)
    assert not lines.take([chunk(b"hello\n")], 100)
    assert not lines.due(LATER)
    assert not lines


def test_a_progress_bar_is_shown_as_it_is_drawn_last_and_now_and_then() -> None:
    lines = Unfinished()
    for percent in range(100):
        lines.take([beginning(b"\r 1%" + b"\r%2d%%" % percent)], 100 + percent / 100)
        if lines.due(100 + percent / 100):
            assert shown(lines) == [f"{percent:2}%"]
    assert lines.due(200) == {MAILS}
    assert shown(lines) == ["99%"]


def test_what_is_finished_is_shown_no_more() -> None:
    lines = Unfinished()
    lines.take([beginning(b"hel")], 100)
    lines.due(LATER)
    assert lines.take([chunk(b"hello\n")], LATER) == {MAILS}
    assert not shown(lines)


def test_the_next_line_waits_anew() -> None:
    lines = Unfinished()
    lines.take([beginning(b"one")], 100)
    lines.due(LATER)
    lines.take([beginning(b"two", begin=4)], LATER)
    assert not lines.due(LATER)


def test_what_nobody_will_finish_is_forgotten() -> None:
    lines = Unfinished()
    lines.take([beginning(b"hel")], 100)
    lines.due(LATER)
    assert not lines.keep({beginning(b"").process})
    assert lines.keep(set()) == {MAILS}
    assert not lines
