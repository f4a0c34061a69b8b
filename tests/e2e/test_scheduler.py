"""The scheduler of a real Laravel, run at the full minute."""

from datetime import datetime
from typing import Any

import pytest

from tests.support.engineroom_server import EngineroomServer
from tests.support.laravel import LaravelApplication
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("php", "laravel", "redis-server", "php-redis")


@pytest.mark.long
def test_the_frameworks_scheduler_runs_at_the_full_minute(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    linked = engineroom.link(laravel.folder, **laravel.variables)
    engineroom.api.put(
        f"/api/environments/{linked.environment}/schedule",
        entries=[
            {"expression": "* * * * *", "command": "echo in $PWD on replica $ENGINEROOM_REPLICA; exit 3"}
        ],
    )
    engineroom.api.patch(f"/api/instances/{linked.instance}", uses_scheduler=True)

    def ended() -> list[dict[str, Any]]:
        listed = engineroom.api.get(f"/api/instances/{linked.instance}/scheduled-runs")["data"]
        found = [each["attributes"] for each in listed if each["attributes"]["finished_at"]]
        return found if len(found) >= 2 else []

    runs = {run["command"]: run for run in wait_until("a minute's runs are over", ended, timeout_seconds=120)}

    framework = runs.pop("php artisan schedule:run")
    assert (framework["status"], framework["reason"]) == ("succeeded", "finished (exit 0)")
    assert "No scheduled commands are ready to run." in framework["output"]
    [own] = runs.values()
    assert (own["status"], own["output"]) == ("failed", f"in {laravel.folder} on replica 1\n")
    due, started = (datetime.fromisoformat(framework[name]) for name in ("due_at", "started_at"))
    assert due.second == 0
    assert (started - due).total_seconds() < 60
