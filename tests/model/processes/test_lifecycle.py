"""What is asked for of the life of processes survives being stored."""

import json

from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.processes.lifecycle import USUAL, Lifecycle, Replacement, StopSignal, StopTarget

ANY = st.builds(
    Lifecycle,
    stop_signal=st.sampled_from(StopSignal),
    stop_target=st.sampled_from(StopTarget),
    stop_timeout=st.none() | st.integers(min_value=0),
    replacement=st.none() | st.sampled_from(Replacement),
    expected_exit_codes=st.none() | st.lists(st.integers(min_value=0, max_value=255)).map(tuple),
)


@given(ANY)
def test_what_is_stored_comes_back(asked: Lifecycle) -> None:
    assert Lifecycle.of(json.loads(json.dumps(asked.given()))) == asked


def test_what_is_usual_is_not_stored() -> None:
    assert USUAL.given() == {}
