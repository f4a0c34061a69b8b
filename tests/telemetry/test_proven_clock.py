"""A time counts for what is removed when it has proved itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.telemetry.proven_clock import PROOF_SECONDS, STEP_SECONDS, Proof, ProvenClock, look

NOW = 1_764_072_000.0
HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0
KNOWN = Proof(NOW, NOW)


def after_hours(proof: Proof, hours: int) -> Proof:
    for _ in range(hours):
        proof = look(proof, proof.seen + HOUR, HOUR)
    return proof


def test_a_clock_that_goes_on_is_believed() -> None:
    assert look(KNOWN, NOW + 10, 10).believed == NOW + 10
    assert look(KNOWN, NOW + DAY, None).believed == NOW + DAY


def test_a_year_ahead_is_not_believed_until_it_has_gone_on_for_hours() -> None:
    jumped = look(KNOWN, NOW + YEAR, 10)
    assert jumped.believed == NOW
    assert after_hours(jumped, 5).believed == NOW
    assert after_hours(jumped, 6).believed == NOW + YEAR + 6 * HOUR


def test_restarts_prove_nothing_and_take_nothing_away() -> None:
    jumped = after_hours(look(KNOWN, NOW + YEAR, 10), 5)
    for _ in range(100):
        jumped = look(jumped, jumped.seen + 1, None)
        assert jumped.believed == NOW
    assert after_hours(jumped, 1).believed > NOW + YEAR


def test_a_clock_that_is_corrected_meanwhile_counts_from_anew() -> None:
    jumped = after_hours(look(KNOWN, NOW + YEAR, 10), 5)
    again = look(jumped, jumped.seen + YEAR, 10)
    assert (again.believed, again.steady_seconds) == (NOW, 0)
    assert look(jumped, NOW + HOUR, 10).believed == NOW + HOUR


def test_going_back_is_believed_at_once_and_coming_again_is_not() -> None:
    back = look(KNOWN, NOW - YEAR, 10)
    assert back.believed == NOW - YEAR
    assert look(back, NOW, 10).believed == NOW - YEAR


@given(st.lists(st.tuples(st.floats(-2 * YEAR, 2 * YEAR), st.floats(0, 600), st.booleans()), max_size=30))
def test_no_jump_removes_more_than_a_day_at_once(steps: list[tuple[float, float, bool]]) -> None:
    proof = KNOWN
    for moved, elapsed, restarted in steps:
        before = proof
        proof = look(proof, proof.seen + moved, None if restarted else elapsed)
        assert (
            proof.believed <= before.believed + STEP_SECONDS
            or before.steady_seconds + elapsed >= PROOF_SECONDS
        )


class Clocks:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "clock.json"
        self.wall, self.up = NOW, 0.0

    def opened(self, *witnesses: Path) -> ProvenClock:
        return ProvenClock.open(self.path, witnesses, clock=lambda: self.wall, uptime=lambda: self.up)


def test_what_is_known_outlives_a_restart_with_a_wrong_clock(tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    assert clocks.opened().now() == NOW
    clocks.wall += YEAR
    assert clocks.opened().now() == NOW
    assert clocks.opened().now() == NOW


def test_without_the_memory_of_a_time_before_no_time_is_known_until_one_has_proved_itself(
    tmp_path: Path,
) -> None:
    witness = tmp_path / "logs.db"
    witness.touch()
    clocks = Clocks(tmp_path)
    # What was written last may have been so by a clock that had jumped.
    clocks.wall = witness.stat().st_mtime
    clock = clocks.opened(witness, tmp_path / "missing")
    assert clock.now() == 0
    for _ in range(6):
        clocks.wall += HOUR
        clocks.up += HOUR
        believed = clock.now()
    assert believed == clocks.wall


def test_a_memory_that_was_removed_is_written_again(tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    clock = clocks.opened()
    clock.now()
    clocks.path.unlink()
    clocks.wall += YEAR
    clocks.up += 10
    assert clock.now() == NOW
    assert clocks.opened().now() == NOW


@pytest.mark.parametrize("content", [b"", b"{", b'{"believed": "x"}'])
def test_a_broken_memory_is_none(tmp_path: Path, content: bytes) -> None:
    clocks = Clocks(tmp_path)
    clocks.path.write_bytes(content)
    assert clocks.opened().now() == NOW


def test_what_cannot_be_written_down_is_known_all_the_same(tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    clocks.path = tmp_path / "missing" / "clock.json"
    clock = clocks.opened()
    clock.now()
    clocks.wall += YEAR
    clocks.up += 10
    assert clock.now() == NOW
