"""How scaling is shown, changed, and tried out on what was measured."""

from typing import Any

import pytest

from engineroom.control.scaling.state import ScalingState
from engineroom.model.processes.background_process import StrategyType
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.observation import Observation, ScaleBounds
from engineroom.model.scaling.scaler import Scaler
from engineroom.model.scaling.strategies import Strategy
from tests.support.api import Api


def seen(now: float, waiting: int) -> Observation:
    return Observation(
        now_seconds=now, queue=Measurement(waiting=waiting), processes=1, replicas=1, running=1
    )


def a_state(*observations: Observation) -> ScalingState:
    state = ScalingState(Scaler(Strategy.of(StrategyType.QUEUE_SIZE, 10)))
    state.queues = ("default",)
    for each in observations:
        state.queue = each.queue
        state.recorded.append(each)
        state.decision = state.scaler.decide(each, ScaleBounds(floor=1, ceiling=5))
    return state


def shown(api: Api, path: str) -> dict[str, Any]:
    answer = api.get(f"{path}/scaling")
    assert answer.status_code == 200
    return answer.json()["data"]["attributes"]  # type: ignore[no-any-return]


def test_what_nothing_scales_shows_what_could_be_asked_for(api: Api) -> None:
    path = f"/api/background-processes/{api.made()}"

    found = shown(api, path)

    assert (found["strategy_type"], found["dry_run"], found["sleep_after_seconds"]) == ("none", False, None)
    assert (found["measured"], found["decided"]) == (None, None)


def test_the_last_measurement_is_shown_with_what_follows_from_it(api: Api) -> None:
    identifier = api.made()
    api.control.scaled[identifier] = a_state(seen(1.0, 42))

    found = shown(api, f"/api/background-processes/{identifier}")

    assert (found["measured"]["waiting"], found["measured"]["queues"]) == (42, ["default"])
    assert found["decided"]["message"] == "1 → 5: 42 waiting, at most 10 for each process"


def test_a_queue_that_cannot_be_measured_is_not_shown_as_empty(api: Api) -> None:
    identifier = api.made()
    api.control.scaled[identifier] = state = a_state()
    state.queue = Unknown("no answer")

    measured = shown(api, f"/api/background-processes/{identifier}")["measured"]

    assert (measured["unknown"], measured["waiting"]) == ("no answer", None)


def test_settings_are_changed_one_by_one(api: Api) -> None:
    path = f"/api/background-processes/{api.made()}"

    assert api.client.request("PATCH", f"{path}/scaling", json={"dry_run": True}).status_code == 200
    assert (
        api.client.request("PATCH", f"{path}/scaling", json={"sleep_after_seconds": "60"}).status_code == 200
    )

    found = shown(api, path)
    assert (found["dry_run"], found["sleep_after_seconds"]) == (True, 60)
    api.client.request("PATCH", f"{path}/scaling", json={"sleep_after_seconds": None, "queue": "emails"})
    found = shown(api, path)
    assert (found["dry_run"], found["sleep_after_seconds"], found["queue"]) == (True, None, "emails")


@pytest.mark.parametrize("fields", [{"sleep_after_seconds": 0}, {"dry_run": "perhaps"}, {"queue": 7}])
def test_wrong_settings_are_refused(api: Api, fields: dict[str, object]) -> None:
    path = f"/api/background-processes/{api.made()}"

    answer = api.client.request("PATCH", f"{path}/scaling", json=fields)

    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == fields.keys()


def test_another_setting_is_tried_on_what_was_measured(api: Api) -> None:
    identifier = api.made()
    api.control.scaled[identifier] = a_state(*(seen(float(moment), 42) for moment in range(5)))

    answer = api.client.request(
        "POST",
        f"/api/background-processes/{identifier}/scaling/replay",
        json={"strategy_type": "queue_size", "strategy_threshold": 20, "processes": 2},
    )

    assert answer.status_code == 200
    found = answer.json()["data"]["attributes"]
    assert found["changes"] == [
        {
            "after_seconds": 0.0,
            "processes": 2,
            "message": "1 → 2: 42 waiting, at most 20 for each process; at most 2",
        }
    ]
    assert (found["measurements"], found["seconds"]) == (5, 4.0)
    assert (found["process_seconds"], found["actual_process_seconds"]) == (8.0, 4.0)
