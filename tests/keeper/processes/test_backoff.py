"""When a process that died starts again."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.keeper.processes.backoff import (
    CRASH_LOOPING_FROM,
    MAX_DELAY_SECONDS,
    MAX_HERD_SECONDS,
    QUICK_SECONDS,
    TIGHT_LOOP_DELAY_SECONDS,
    TIGHT_LOOP_FROM,
    YOUNG_SECONDS,
    RecentDeaths,
    Streak,
    after_life,
    is_expected,
)
from engineroom.keeper.processes.backoff import delay_seconds as delay_after

DEATHS = st.integers(min_value=0, max_value=10**9)
SPREADS = st.floats(min_value=0.0, max_value=1.0, exclude_max=True)
LIVES = st.floats(min_value=0.0, max_value=10**9)
STREAKS = st.builds(Streak, DEATHS, DEATHS)
NONE = Streak()


def delay_seconds(young_deaths: int, spread: float, companions: int = 0) -> float:
    return delay_after(Streak(young_deaths), spread, companions)


def after(*lives: tuple[float, bool]) -> Streak:
    streak = NONE
    for lived, expected in lives:
        streak = after_life(streak, lived, expected=expected)
    return streak


@pytest.mark.parametrize(
    ("young_deaths", "seconds"),
    [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 32), (8, 60), (9, 60), (10**6, 60)],
)
def test_the_delay_doubles_from_the_second_young_death_on(young_deaths: int, seconds: float) -> None:
    assert delay_seconds(young_deaths, 0.0) == seconds


@given(DEATHS, SPREADS)
def test_the_delay_is_never_negative_and_never_over_a_minute(young_deaths: int, spread: float) -> None:
    assert 0.0 <= delay_seconds(young_deaths, spread) <= MAX_DELAY_SECONDS == 60.0


@given(DEATHS, SPREADS)
def test_the_spread_takes_off_a_quarter_at_most(young_deaths: int, spread: float) -> None:
    full = delay_seconds(young_deaths, 0.0)
    assert 0.75 * full <= delay_seconds(young_deaths, spread) <= full


@given(DEATHS, SPREADS)
def test_one_more_death_never_shortens_the_delay(young_deaths: int, spread: float) -> None:
    assert delay_seconds(young_deaths, spread) <= delay_seconds(young_deaths + 1, spread)


@given(st.integers(min_value=2, max_value=60), SPREADS)
def test_whatever_is_shown_as_crash_looping_is_waited_for(young_deaths: int, spread: float) -> None:
    assert delay_seconds(young_deaths, spread) > 0.0
    assert CRASH_LOOPING_FROM > 2, "the first two deaths may be a hiccup"


@given(STREAKS, LIVES)
def test_a_failure_is_a_young_death_when_the_life_was_shorter_than_ten_seconds(
    before: Streak, lived: float
) -> None:
    expected = before.young_deaths + 1 if lived < YOUNG_SECONDS else 0
    assert after_life(before, lived, expected=False).young_deaths == expected


@given(STREAKS, LIVES)
def test_an_end_that_is_expected_is_no_death_however_short_the_life_was(before: Streak, lived: float) -> None:
    assert after_life(before, lived, expected=True).young_deaths == 0


def test_an_exit_code_is_expected_when_it_is_named_and_a_signal_never_is() -> None:
    assert is_expected(0, (0, 12))
    assert is_expected(12, (0, 12))
    assert not is_expected(12, (0,))
    assert not is_expected(1, (0, 12))
    assert not is_expected(None, (0, 12))


@given(st.lists(st.floats(min_value=QUICK_SECONDS, max_value=10**6), max_size=50), SPREADS)
def test_a_worker_that_recycles_itself_starts_again_at_once_for_ever(
    lives: list[float], spread: float
) -> None:
    assert delay_after(after(*((lived, True) for lived in lives)), spread, companions=9) == 0.0


@given(st.integers(min_value=0, max_value=100), SPREADS)
def test_only_many_lives_in_a_row_that_were_over_at_once_are_a_tight_loop_which_is_slowed(
    number: int, spread: float
) -> None:
    streak = after(*[(0.01, True)] * number)
    assert streak.is_tight_loop == (number >= TIGHT_LOOP_FROM)
    assert delay_after(streak, spread) == (TIGHT_LOOP_DELAY_SECONDS if streak.is_tight_loop else 0.0)


def test_one_life_with_work_in_it_ends_a_tight_loop() -> None:
    assert after(*[(0.01, True)] * 50, (QUICK_SECONDS, True)) == NONE


def test_ends_and_first_failures_in_turn_are_a_tight_loop_too() -> None:
    assert after(*[(0.01, True), (0.01, False)] * TIGHT_LOOP_FROM).is_tight_loop


@given(st.integers(min_value=2, max_value=100))
def test_failures_that_are_waited_for_are_no_tight_loop(number: int) -> None:
    assert not after(*[(0.01, False)] * number).is_tight_loop


@given(DEATHS, SPREADS, st.integers(min_value=0, max_value=10**6))
def test_companions_spread_the_starts_by_seconds_at_most(
    young_deaths: int, spread: float, companions: int
) -> None:
    alone = delay_seconds(young_deaths, spread)
    together = delay_seconds(young_deaths, spread, companions)
    assert alone <= together <= min(MAX_DELAY_SECONDS, alone + MAX_HERD_SECONDS)


def test_those_that_died_together_do_not_come_back_together() -> None:
    spreads = [number / 5 for number in range(5)]
    delays = sorted(delay_seconds(1, spread, 4) for spread in spreads)
    assert delays[0] == 0.0
    assert all(later - earlier > 0.1 for earlier, later in pairwise(delays))


def test_one_that_had_a_long_life_starts_again_at_once_whoever_died_with_it() -> None:
    assert delay_seconds(0, 0.9, 100) == 0.0


def test_only_deaths_of_the_same_family_in_the_last_second_are_companions() -> None:
    deaths = RecentDeaths()
    assert [deaths.note("a", now) for now in (10.0, 10.5, 10.9)] == [0, 1, 2]
    assert deaths.note("b", 10.9) == 0
    assert deaths.note("a", 11.6) == 1
    assert deaths.note("", 11.6) == deaths.note("", 11.6) == 0
