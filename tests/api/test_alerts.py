"""Alerts through the API."""

from pathlib import Path

from engineroom.control.watch import Watch
from engineroom.telemetry.alerts.config import alert_settings
from tests.api.test_metrics import observed
from tests.support.api import Api
from tests.support.ports import free_port


def test_what_fires_is_listed(api: Api) -> None:
    made = api.made()
    api.control.watch.take([observed(api, made)], 1_764_072_000)

    (alert,) = api.get("/api/alerts").json()["data"]

    assert alert == {
        "rule": "crash_loop",
        "background_process_id": made,
        "message": "1 processes of sleep 60 die again and again.",
        "figure": 1.0,
        "since": "2025-11-25T12:00:00.000000Z",
    }
    assert [event.kind for event in api.control.noted] == ["alert.firing"]


def test_what_fires_of_another_organization_is_not_seen(api: Api) -> None:
    made = api.made()
    api.control.watch.take([observed(api, made), observed(api, "process-of-others")], 1_764_072_000)
    api.control.watch.take([observed(api, made), observed(api, "process-of-others")], 1_764_072_100)

    listed = api.get("/api/alerts").json()["data"]

    assert {alert["background_process_id"] for alert in listed} == {made}


def test_a_test_tells_how_each_channel_did(api: Api, tmp_path: Path) -> None:
    settings = alert_settings({"webhooks": [{"url": f"http://127.0.0.1:{free_port()}/", "secret": "s"}]})
    api.control.watch = Watch(settings, tmp_path, reachable=lambda: True, note=api.control.noted.append)

    answer = api.client.request("POST", "/api/alerts/test")

    (outcome,) = answer.json()["data"]
    assert outcome["sent"] is False
    assert "cannot reach 127.0.0.1" in outcome["error"]
    (event,) = api.get("/api/events").json()["data"]
    assert event["attributes"]["message"] == "test sent a test to 1 channels; 1 could not be reached."
