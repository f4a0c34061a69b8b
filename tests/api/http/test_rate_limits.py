"""Contract sheet, section 1.11."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.api.http.rate_limits import Allowance, Bucket, RateLimits
from engineroom.store import Store
from tests.support.api import Api, an_api


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("bucket", "limit"),
    [
        (Bucket.ORDINARY, 120),
        (Bucket.APPLICATION_CREATE, 30),
        (Bucket.ENVIRONMENT_CREATE, 30),
        (Bucket.INSTANCE_CHANGE, 30),
        (Bucket.ENVIRONMENT_LOGS, 30),
        (Bucket.IP, 60),
    ],
)
def test_a_bucket_has_the_contracts_limit_and_the_first_call_of_it_leaves_one_less(
    bucket: Bucket, limit: int
) -> None:
    assert RateLimits(120).take(bucket, "a") == Allowance(limit, limit - 1)


def test_callers_and_buckets_are_counted_apart() -> None:
    limits = RateLimits(120)
    limits.take(Bucket.ORDINARY, "a")

    assert limits.take(Bucket.ORDINARY, "b").remaining == 119
    assert limits.take(Bucket.IP, "a").remaining == 59
    assert limits.take(Bucket.ORDINARY, "a").remaining == 118


def test_one_call_too_many_is_told_when_the_window_is_over(clock: Clock) -> None:
    limits = RateLimits(2, clock)
    for _ in range(2):
        limits.take(Bucket.ORDINARY, "a")
    clock.now += 18.5

    assert limits.take(Bucket.ORDINARY, "a") == Allowance(2, 0, 42)
    clock.now += 41.5
    assert limits.take(Bucket.ORDINARY, "a") == Allowance(2, 1)


def test_other_limits_keep_their_part_of_the_ordinary_one_and_are_never_nothing() -> None:
    assert RateLimits(1200).take(Bucket.IP, "a").limit == 600
    assert RateLimits(2).take(Bucket.INSTANCE_CHANGE, "a") == Allowance(1, 0)


def test_without_limits_nobody_is_ever_one_too_many() -> None:
    limits = RateLimits(0)
    assert {limits.take(Bucket.ORDINARY, "a") for _ in range(500)} == {Allowance(120, 120)}


def test_what_is_remembered_is_bounded(clock: Clock) -> None:
    limits = RateLimits(120, clock)
    for number in range(30_000):
        limits.take(Bucket.ORDINARY, str(number))
    assert len(limits._windows) == 20_000

    clock.now += 61
    limits.take(Bucket.ORDINARY, "a")
    assert len(limits._windows) == 1


@pytest.fixture
def limited(store: Store, tmp_path: Path) -> Iterator[Api]:
    """The API with three ordinary calls a minute."""
    with an_api(store, tmp_path, calls_per_minute=3) as made:
        yield made


def test_every_answer_tells_what_is_left_and_the_last_one_when_to_come_again(limited: Api) -> None:
    answers = [
        limited.get("/api/applications"),
        limited.get("/api/nothing"),
        limited.client.request("PUT", "/api/applications"),
        limited.get("/api/applications"),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 405, 429]
    assert [answer.headers["x-ratelimit-limit"] for answer in answers] == ["3"] * 4
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[3].json() == {"message": "Too Many Attempts."}
    assert 0 < int(answers[3].headers["retry-after"]) <= 60


def test_an_empty_answer_tells_it_too(limited: Api) -> None:
    answer = limited.delete(limited.made())
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (204, "1")


def test_health_is_never_limited(limited: Api) -> None:
    assert {limited.get("/healthz").status_code for _ in range(10)} == {200}


def test_callers_without_a_token_are_counted_by_their_address(limited: Api) -> None:
    del limited.client.headers["authorization"]
    assert [limited.get("/api/applications").status_code for _ in range(4)] == [401, 401, 401, 429]
