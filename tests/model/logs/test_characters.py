"""Texts are cut between characters, never within one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.logs.characters import cut_before, cut_behind


@given(text=st.text(st.characters(codec="utf-8"), max_size=12), place=st.integers(0, 50))
def test_both_sides_of_a_cut_are_text(text: str, place: int) -> None:
    data = text.encode()
    place = min(place, len(data))
    for cut in (cut_before(data, place), cut_behind(data, place)):
        assert abs(cut - place) <= 3
        assert data[:cut].decode() + data[cut:].decode() == data.decode()
    assert cut_before(data, place) <= place <= cut_behind(data, place)


@pytest.mark.parametrize("data", [b"\x80" * 20, b"plain text that is long"])
def test_what_is_no_character_of_several_bytes_is_cut_anywhere(data: bytes) -> None:
    assert cut_before(data, 10) == cut_behind(data, 10) == 10
