"""Who has died with whom is remembered for as long as there is anybody of the family."""

import pytest

from engineroom.keeper.processes.process import Spec, Subprocess
from engineroom.keeper.processes.restart_history import RestartHistory


def process(name: str) -> Subprocess:
    return Subprocess(
        Spec(
            id=name,
            argv=["work"],
            working_directory="/",
            environment={},
            signal_group=False,
            labels={},
            family="workers",
        )
    )


@pytest.fixture(autouse=True)
def _the_longest_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engineroom.keeper.processes.restart_history.random.random", lambda: 0.99)


def test_one_that_leaves_does_not_have_its_family_forget_who_died_just_now() -> None:
    counted = RestartHistory()
    first, second, third = family = [process(name) for name in "abc"]
    for each in family:
        counted.join(each)
    counted.count(first, 0.1, expected=False)
    counted.leave(second)
    counted.count(third, 0.1, expected=False)
    assert first.delay_seconds == 0.0
    assert third.delay_seconds > 0.0, "it has died of the same cause"


def test_a_family_of_which_nobody_is_left_is_forgotten() -> None:
    counted = RestartHistory()
    first, second = process("a"), process("b")
    counted.join(first)
    counted.count(first, 0.1, expected=False)
    counted.leave(first)
    counted.join(second)
    counted.count(second, 0.1, expected=False)
    assert second.delay_seconds == 0.0
