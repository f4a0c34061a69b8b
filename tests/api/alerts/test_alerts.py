"""Alerts through the API."""

from pathlib import Path

from engineroom.control.observing.alert_evaluation import AlertEvaluation
from engineroom.control.observing.alert_values import AlertValues
from engineroom.model.membership import LostHost
from engineroom.telemetry.alerts.config import AlertSettings, alert_settings
from tests.api.metrics.test_metrics import observed
from tests.support.api import Api
from tests.support.ports import free_port


def test_what_fires_is_listed(api: Api) -> None:
    made = api.made()
    api.control.alerts.take([observed(api, made)], 1_764_072_000)

    (alert,) = api.get("/api/alerts").json()["data"]

    assert alert == {
        "rule": "crash_loop",
        "background_process_id": made,
        "application": "Shop",
        "environment": "production",
        "process": "sleep 60",
        "node": "",
        "reason": "failed (exit 1)",
        "message": "1 processes of sleep 60 (Shop / production) die again and again.",
        "figure": 1.0,
        "since": "2025-11-25T12:00:00.000000Z",
    }
    assert [event.kind for event in api.control.noted] == ["alert.firing"]


def test_what_fires_of_another_organization_is_not_seen(api: Api) -> None:
    made = api.made()
    api.control.alerts.take([observed(api, made), observed(api, "process-of-others")], 1_764_072_000)
    api.control.alerts.take([observed(api, made), observed(api, "process-of-others")], 1_764_072_100)

    listed = api.get("/api/alerts").json()["data"]

    assert {alert["background_process_id"] for alert in listed} == {made}


def test_a_lost_host_is_seen_by_everybody_and_is_no_background_process(api: Api, tmp_path: Path) -> None:
    lost = [LostHost(host="host-2", name="web-2", environments=3, is_told_here=True)]
    values = AlertValues(tmp_path, reachable=lambda: True, lost=lambda: lost)
    api.control.alerts = AlertEvaluation(AlertSettings(), tmp_path, values, api.control.noted.append)
    api.control.alerts.take([], 1_764_072_000)

    (alert,) = api.get("/api/alerts").json()["data"]

    assert (alert["rule"], alert["background_process_id"], alert["figure"]) == ("host_lost", None, 3.0)
    assert alert["message"].startswith("The host web-2 has not been seen")


def test_a_test_without_anybody_to_tell_says_so(api: Api) -> None:
    answer = api.client.request("POST", "/api/alerts/test")

    assert answer.status_code == 422
    assert "name a webhook, Slack or mail under [alerts]" in answer.json()["message"]
    assert not api.get("/api/events").json()["data"]


def test_a_test_tells_how_each_channel_did(api: Api, tmp_path: Path) -> None:
    settings = alert_settings({"webhooks": [{"url": f"http://127.0.0.1:{free_port()}/", "secret": "s"}]})
    values = AlertValues(tmp_path, reachable=lambda: True)
    api.control.alerts = AlertEvaluation(settings, tmp_path, values, api.control.noted.append)

    answer = api.client.request("POST", "/api/alerts/test")

    (outcome,) = answer.json()["data"]
    assert outcome["sent"] is False
    assert "cannot reach 127.0.0.1" in outcome["error"]
    (event,) = api.get("/api/events").json()["data"]
    assert event["attributes"]["message"] == "test sent a test to 1 channels; 1 could not be reached."
