import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.scaling.replicas import ReplicaMetric, ReplicaScaler, needed


def cpu(*percentages: float | None, target: int = 70) -> ReplicaMetric:
    return ReplicaMetric("CPU", percentages, target)


@pytest.mark.parametrize(
    ("percentages", "expected"),
    [
        ((70.0, 70.0), 2),
        ((76.0, 76.0), 2),  # within a tenth
        ((90.0, 90.0), 3),
        ((10.0, 10.0, 10.0), 1),
        ((140.0,), 2),
        ((90.0, None), 2),  # unused: 45 % in the mean would turn it round
        ((200.0, None), 3),
        ((10.0, None), 2),  # fully used: 40 % in the mean is still too much for one
    ],
)
def test_the_formula_is_that_of_kubernetes(percentages: tuple[float | None, ...], expected: int) -> None:
    assert needed(len(percentages), cpu(*percentages)) == expected


@given(
    used=st.lists(st.one_of(st.none(), st.floats(0, 1000)), min_size=1, max_size=10),
    min_replicas=st.integers(1, 3),
    max_replicas=st.integers(3, 10),
)
def test_the_number_stays_within_what_was_asked_for(
    used: list[float | None], min_replicas: int, max_replicas: int
) -> None:
    decision = ReplicaScaler().decide(
        0.0, len(used), [cpu(*used)], min_replicas=min_replicas, max_replicas=max_replicas
    )

    assert min_replicas <= decision.processes <= max_replicas


def test_the_metric_that_asks_for_most_wins() -> None:
    memory = ReplicaMetric("memory", (95.0, 95.0), 50)

    decision = ReplicaScaler().decide(0.0, 2, [cpu(20.0, 20.0), memory], min_replicas=1, max_replicas=10)

    assert decision.sentence() == "2 → 4: memory at 95 % of the limit, target 50 %"


def test_it_goes_down_only_to_the_highest_of_five_minutes() -> None:
    scaler, present = ReplicaScaler(), 4
    for moment in range(0, 295, 5):
        present = scaler.decide(
            float(moment), present, [cpu(*[5.0] * present)], min_replicas=1, max_replicas=9
        ).processes
    assert present == 4
    assert scaler.decide(301.0, 4, [cpu(*[5.0] * 4)], min_replicas=1, max_replicas=9).processes == 1


def test_when_nothing_is_known_the_number_stays() -> None:
    decision = ReplicaScaler().decide(0.0, 3, [cpu(None, None, None)], min_replicas=1, max_replicas=9)

    assert decision.sentence() == "stays 3: held: no replica's use is known"
