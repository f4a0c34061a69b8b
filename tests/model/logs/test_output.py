"""Chunks become lines: each with its time, its pid, and all of its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.output import MAX_LINE_BYTES, Chunk, Line, OffsetEntry, lines, whole_pieces_end

PID, NEXT_PID = 100, 200


def chunk(data: bytes, *entries: OffsetEntry, begin: int = 1000) -> Chunk:
    """Return a chunk of this data; without entries it was all written at once."""
    return Chunk(
        process="p",
        background_process=BackgroundProcessId("process-1"),
        replica=1,
        index=0,
        stream="stdout",
        begin=begin,
        data=data,
        offset_index=entries or (OffsetEntry(begin + len(data), 7, PID),),
    )


def texts(made: list[Line]) -> list[bytes]:
    return [line.text for line in made]


def test_a_line_says_whose_it_is() -> None:
    assert lines(chunk(b"hello\n")) == [
        Line(7, "p", BackgroundProcessId("process-1"), 1, 0, PID, "stdout", b"hello", False)
    ]


def test_empty_lines_and_any_bytes_are_kept() -> None:
    assert texts(lines(chunk(b"\n\xff\x00\r\n\n"))) == [b"", b"\xff\x00\r", b""]
    assert lines(chunk(b"", OffsetEntry(1000, 1, PID))) == []


def test_a_line_has_the_time_of_its_last_byte() -> None:
    made = lines(
        chunk(
            b"one\ntwo\nthree\n",
            OffsetEntry(1004, 1, PID),
            OffsetEntry(1010, 2, PID),
            OffsetEntry(1014, 3, PID),
        )
    )
    assert [(line.text, line.at_nanoseconds) for line in made] == [(b"one", 1), (b"two", 2), (b"three", 3)]


def test_the_end_of_a_life_ends_its_line() -> None:
    entries = (
        OffsetEntry(1002, 1, PID),
        OffsetEntry(1003, 2, PID, ends_life=True),
        OffsetEntry(1007, 3, NEXT_PID),
    )
    made = lines(chunk(b"hallo!\n", *entries))
    assert [(line.text, line.pid) for line in made] == [(b"hal", PID), (b"lo!", NEXT_PID)]


def test_the_end_of_a_life_behind_a_newline_makes_no_empty_line() -> None:
    made = lines(
        chunk(b"one\ntwo\n", OffsetEntry(1004, 1, PID, ends_life=True), OffsetEntry(1008, 2, NEXT_PID))
    )
    assert texts(made) == [b"one", b"two"]


def test_a_line_that_is_too_long_is_cut_and_each_piece_but_the_last_says_so() -> None:
    long = bytes(MAX_LINE_BYTES)
    made = lines(chunk(long + long + b"end\nnext\n"))
    assert [(len(line.text), line.cut) for line in made] == [
        (MAX_LINE_BYTES, True),
        (MAX_LINE_BYTES, True),
        (3, False),
        (4, False),
    ]
    assert [line.cut for line in lines(chunk(long + b"\n"))] == [False]


def test_a_chunk_that_ends_within_a_line_ends_with_a_piece_that_goes_on() -> None:
    data = b"short\n" + bytes(MAX_LINE_BYTES)
    for entry in (
        OffsetEntry(1000 + len(data), 1, PID),
        OffsetEntry(1000 + len(data) + 9, 1, PID, ends_life=True),
    ):
        assert [line.cut for line in lines(chunk(data, entry))] == [False, True]


@pytest.mark.parametrize("ends", [True, False])
def test_no_character_is_cut_in_two(ends: bool) -> None:
    text = "x" + "€" * (MAX_LINE_BYTES // 3 + 9)
    data = text.encode() + (b"\n" if ends else b"")
    whole = len(data) if ends else whole_pieces_end(data, 0)
    made = lines(chunk(data[:whole]))
    assert "".join(line.text.decode() for line in made) == data[:whole].decode().rstrip("\n")
    assert MAX_LINE_BYTES - 3 <= len(made[0].text) <= MAX_LINE_BYTES
    assert made[0].cut


@given(
    parts=st.lists(
        st.tuples(st.binary(max_size=8).map(lambda part: part.replace(b"\x00", b"\n")), st.booleans()),
        min_size=1,
    )
)
def test_nothing_is_lost_and_no_line_spans_two_lives(parts: list[tuple[bytes, bool]]) -> None:
    entries, written = [], b""
    for number, (part, ends_life) in enumerate(parts):
        written += part
        entries.append(OffsetEntry(1000 + len(written), number, PID, ends_life))
    last = entries[-1]._replace(ends_life=True)
    made = lines(chunk(written, *entries[:-1], last))

    expected, life = [], b""
    for part, ends_life in [*parts[:-1], (parts[-1][0], True)]:
        life += part
        if ends_life:
            expected += life.removesuffix(b"\n").split(b"\n") if life else []
            life = b""
    assert texts(made) == expected
    assert [line.at_nanoseconds for line in made] == sorted(line.at_nanoseconds for line in made)
