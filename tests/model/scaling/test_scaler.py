import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.processes.background_process import StrategyType
from engineroom.model.queue import Age, Flow, Measurement, Unknown
from engineroom.model.scaling.load import Load
from engineroom.model.scaling.observation import ScaleBounds
from tests.model.scaling.shown import TEN, Shown, measured

QUEUE_SIZE, GROWTH_RATE, LATENCY = StrategyType.QUEUE_SIZE, StrategyType.GROWTH_RATE, StrategyType.LATENCY

measurements = st.one_of(
    st.builds(Unknown, st.just("gone")),
    st.builds(
        measured,
        st.integers(0, 10_000),
        taken=st.integers(0, 1000),
        arrived=st.none() | st.integers(0, 1000),
        reserved=st.integers(0, 30),
        due=st.integers(0, 10),
        expired=st.integers(0, 10),
        oldest=st.none()
        | st.builds(Age, at_least_seconds=st.floats(0, 1e6), at_most_seconds=st.none() | st.floats(0, 1e6)),
    ),
)


@given(
    type=st.sampled_from([QUEUE_SIZE, GROWTH_RATE, LATENCY]),
    threshold=st.integers(1, 500),
    bounds=st.tuples(st.integers(0, 2), st.integers(2, 10)),
    replicas=st.integers(1, 4),
    seen=st.lists(st.tuples(measurements, st.floats(0.1, 400)), max_size=30),
)
def test_whatever_is_seen_the_scale_stays_within_its_limits_and_holds_what_is_unknown(
    type: StrategyType,
    threshold: int,
    bounds: tuple[int, int],
    replicas: int,
    seen: list[tuple[Measurement | Unknown, float]],
) -> None:
    floor, ceiling = bounds
    shown = Shown(type, threshold, processes=ceiling, replicas=replicas)
    for queue, after in seen:
        decision = shown.see(queue, after=after, limits=ScaleBounds(floor=floor, ceiling=ceiling))
        assert floor <= decision.processes <= ceiling
        if isinstance(queue, Unknown):
            assert not decision.changes
        else:
            in_hand = min(decision.before * replicas, queue.reserved)
            assert decision.processes * replicas >= in_hand, "one that works would have to stop"


@given(type=st.sampled_from([QUEUE_SIZE, GROWTH_RATE, LATENCY]), size=st.integers(0, 300))
def test_a_queue_that_does_not_change_leads_to_a_scale_that_does_not(type: StrategyType, size: int) -> None:
    shown = Shown(type, 30)
    for _ in range(400):
        shown.see(measured(size))
    settled = shown.processes
    changes = [shown.see(measured(size)).changes for _ in range(300)]

    assert not any(changes), f"it left {settled}"


def test_by_its_size_a_queue_gets_a_process_for_every_threshold_of_jobs() -> None:
    shown = Shown(QUEUE_SIZE, 100)

    decision = shown.see(420)

    assert decision.sentence() == "1 → 5: 420 waiting, at most 100 for each process"


def test_what_only_a_pop_would_move_counts() -> None:
    assert Shown(QUEUE_SIZE, 10).see(Measurement(waiting=0, due=15, expired=15)).processes == 3


def test_the_scale_goes_up_in_steps_and_at_once() -> None:
    shown = Shown(QUEUE_SIZE, 1)

    assert [shown.see(1000, limits=ScaleBounds(floor=1, ceiling=100)).processes for _ in range(5)] == [
        5,
        10,
        20,
        40,
        80,
    ]


def test_the_scale_goes_down_only_after_a_minute_of_less_need() -> None:
    shown = Shown(QUEUE_SIZE, 100)
    shown.see(420)
    for _ in range(30):
        shown.see(120)
    assert shown.processes == 5
    for _ in range(29):
        shown.see(0)
    assert shown.processes == 5
    shown.see(0)
    assert shown.processes == 2, "so many were needed half a minute ago"
    for _ in range(31):
        shown.see(0)
    assert shown.processes == 1


def test_a_difference_of_a_tenth_is_none() -> None:
    shown = Shown(QUEUE_SIZE, 10, processes=10)

    assert not shown.see(109, limits=ScaleBounds(floor=1, ceiling=20)).changes
    assert shown.see(121, limits=ScaleBounds(floor=1, ceiling=20)).changes


def test_a_process_that_has_a_job_in_hand_is_not_given_up() -> None:
    shown = Shown(QUEUE_SIZE, 100, processes=6)
    for _ in range(200):
        shown.see(Measurement(waiting=0, reserved=4))

    assert shown.processes == 4


def test_an_unknown_queue_holds_the_scale_and_says_why() -> None:
    shown = Shown(QUEUE_SIZE, 10, processes=4)
    for _ in range(1000):
        decision = shown.see(Unknown("cannot measure Redis at 127.0.0.1:1: no answer"))

    assert decision.sentence() == "stays 4: held: cannot measure Redis at 127.0.0.1:1: no answer"


def test_a_new_scaler_holds_what_it_finds_before_it_goes_down() -> None:
    shown = Shown(QUEUE_SIZE, 10, processes=7)

    assert not shown.see(0).changes
    assert shown.at_rest() == 1


def test_a_lowered_ceiling_holds_at_once() -> None:
    shown = Shown(QUEUE_SIZE, 1, processes=8)

    decision = shown.see(100, limits=ScaleBounds(floor=1, ceiling=3))

    assert (decision.processes, decision.bounded) == (3, "at most 3")


def test_a_host_without_room_gets_no_more_and_keeps_what_it_has() -> None:
    shown = Shown(QUEUE_SIZE, 10, processes=3)
    full = ScaleBounds(floor=1, ceiling=10, room=2, room_reason="the host has no memory for more")

    decision = shown.see(90, limits=full)

    assert decision.sentence() == (
        "stays 3: 90 waiting, at most 10 for each process; the host has no memory for more"
    )


def test_processes_are_counted_over_all_replicas() -> None:
    assert Shown(QUEUE_SIZE, 10, replicas=3).see(70).processes == 3


def test_by_its_growth_a_queue_gets_one_process_at_a_time() -> None:
    shown = Shown(GROWTH_RATE, 50)
    steps = []
    for second in range(60):
        shown.see(second * 10)
        steps.append(shown.processes)

    assert steps[14] == 1
    assert steps[15] == 2, "it grew by 150 in 15 s"
    assert max(steps) == steps[-1] <= 5


def test_by_its_growth_an_empty_queue_loses_its_processes_again() -> None:
    assert Shown(GROWTH_RATE, 50, processes=3).at_rest(seconds=400) == 1


def test_the_wait_is_kept_below_the_target_by_what_jobs_take() -> None:
    """By Little's law: one process takes 2 jobs a second, and 600 of them are to be begun in 30 s."""
    shown = Shown(LATENCY, 30)
    shown.see(measured(600, reserved=1))
    shown.scaler.rails.forget()
    shown.processes = 1
    shown.scaler.load = type(shown.scaler.load)()
    for _ in range(20):
        decision = shown.see(
            measured(600, taken=2, arrived=2, reserved=1), limits=ScaleBounds(floor=1, ceiling=1)
        )
    assert shown.scaler.load.job_seconds == pytest.approx(0.5, rel=0.1)

    decision = shown.see(
        measured(600, taken=2, arrived=2, reserved=1), limits=ScaleBounds(floor=1, ceiling=99)
    )

    assert decision.needed == pytest.approx(600 * 0.5 / (30 * 0.7), rel=0.1)


def test_the_older_the_head_the_more_is_needed() -> None:
    needs = []
    for age in (0.0, 10.0, 18.0, 60.0):
        queue = measured(100, reserved=1, oldest=Age(at_least_seconds=age, at_most_seconds=age))
        needs.append(Shown(LATENCY, 30).see(queue).needed)

    assert needs == sorted(needs)  # type: ignore[type-var]
    assert needs[0] < needs[-1]  # type: ignore[operator]


def test_a_light_load_never_asks_for_more_processes_than_jobs() -> None:
    shown = Shown(LATENCY, 1)

    for _ in range(50):
        decision = shown.see(
            measured(2, reserved=1, oldest=Age(at_least_seconds=500.0, at_most_seconds=None))
        )

    assert decision.processes <= 3


def test_without_a_threshold_a_strategy_has_one_of_its_own() -> None:
    assert Shown(QUEUE_SIZE, 0).scaler.strategy.threshold == 100
    assert TEN.room is None


def test_the_rates_of_a_queue_are_told() -> None:
    load = Load()
    assert (load.arrivals_per_second, load.taken_per_second) == (None, None)
    for _ in range(20):
        flow = Flow(seconds=1.0, taken=3, taken_all=True, arrived=5)
        load.take(Measurement(waiting=10, reserved=2, flow=flow), running=2)

    assert load.arrivals_per_second == pytest.approx(5.0)
    assert load.taken_per_second == pytest.approx(3.0)
