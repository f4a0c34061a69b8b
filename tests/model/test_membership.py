"""Which hosts are found to be lost, decided with a made-up clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engineroom.model.membership import Member, after_heartbeat, in_question, judged

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(hours=1)
OWNERS = {"me", "other", "third"}


def seen(host: str, seconds_ago: float = 0) -> Member:
    return Member(host=host, name=host, seen_at=NOON - timedelta(seconds=seconds_ago), steady_since=LONG_AGO)


ME = seen("me")


def test_a_host_is_lost_after_a_minute_of_silence_and_not_before() -> None:
    assert judged(ME, [seen("other", 59)], OWNERS, NOON) == []
    silent = seen("other", 60)
    assert judged(ME, [silent], OWNERS, NOON) == [replace(silent, lost_at=NOON, told_by="me")]


def test_what_was_found_before_is_not_found_again() -> None:
    lost = replace(seen("other", 600), lost_at=LONG_AGO, told_by="third")

    assert judged(ME, [lost, seen("third", 5)], OWNERS, NOON) == []


def test_a_host_that_was_stopped_in_order_or_has_nothing_to_run_is_not_lost() -> None:
    stopped = replace(seen("other", 600), left=True)

    assert judged(ME, [stopped, seen("empty", 600)], OWNERS, NOON) == []
    assert in_question([stopped, seen("third", 5)], NOON) == []


def test_who_was_away_itself_finds_nothing_until_the_others_had_their_minute() -> None:
    silent = seen("other", 600)
    back = after_heartbeat(seen("me", 600), "me", "me", NOON)
    assert judged(back, [silent], OWNERS, NOON) == []

    for seconds in range(10, 61, 10):
        now = NOON + timedelta(seconds=seconds)
        back = after_heartbeat(back, "me", "me", now)
        found = judged(back, [silent], OWNERS, now)
        assert bool(found) == (seconds == 60)


def test_a_host_is_steady_from_its_first_report_and_after_each_gap() -> None:
    assert after_heartbeat(None, "me", "me", NOON).steady_since == NOON
    assert after_heartbeat(seen("me", 30), "me", "me", NOON).steady_since == LONG_AGO
    assert after_heartbeat(seen("me", 31), "me", "me", NOON).steady_since == NOON
    assert after_heartbeat(seen("me", -5), "me", "me", NOON).steady_since == NOON, "the clock was set back"
    assert after_heartbeat(replace(seen("me", 5), left=True), "me", "me", NOON).steady_since == NOON


def test_a_report_ends_a_loss_and_a_stop() -> None:
    away = replace(seen("me", 600), lost_at=LONG_AGO, told_by="other", left=True)

    back = after_heartbeat(away, "me", "renamed", NOON)

    assert (back.name, back.lost_at, back.told_by, back.left) == ("renamed", None, None, False)


def test_another_tells_when_the_one_that_told_is_away_too() -> None:
    lost = replace(seen("other", 600), lost_at=LONG_AGO, told_by="third")
    expected = replace(lost, told_by="me")

    assert judged(ME, [lost, replace(seen("third", 60), left=True)], OWNERS, NOON) == [expected]
    assert judged(ME, [lost], OWNERS, NOON) == [expected]
    assert judged(ME, [expected], OWNERS, NOON) == []


def test_a_lost_host_of_which_nothing_is_left_is_not_missed_any_more() -> None:
    lost = replace(seen("other", 600), lost_at=LONG_AGO, told_by="me")

    assert in_question([lost], NOON) == ["other"]
    assert judged(ME, [lost], {"me"}, NOON) == [replace(lost, lost_at=None, told_by=None)]
