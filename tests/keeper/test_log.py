"""A fault of the keeper's surroundings that goes on is a line and a count."""

from engineroom.keeper.log import Faults


def test_the_first_is_written_and_then_one_after_each_pause_which_doubles() -> None:
    faults = Faults()
    written = {
        second: left_out
        for second in range(1000)
        if (left_out := faults.left_out("spool.failed", f"No space left: {second}", float(second)))
        is not None
    }
    assert written == {0: 0, 60: 59, 180: 119, 420: 239, 900: 479}


def test_what_has_stopped_is_news_again() -> None:
    faults = Faults()
    for now in (0.0, 1.0, 61.0):
        faults.left_out("a", "", now)
    assert faults.left_out("a", "", 10_000.0) == 0
    assert faults.left_out("a", "", 10_001.0) is None
    assert faults.left_out("a", "", 10_061.0) == 1


def test_another_reason_is_another_fault() -> None:
    faults = Faults()
    assert faults.left_out("a", "no space", 0.0) == 0
    assert faults.left_out("a", "not permitted", 0.0) == 0
    assert faults.left_out("b", "no space", 0.0) == 0
