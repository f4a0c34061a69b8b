"""What an environment's scheduler runs, and what was run."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from engineroom.model.ids import new_run_id
from engineroom.model.instances.schedule import RunStatus, ScheduledRun
from engineroom.store.queries import scheduled_runs
from tests.support.api import Api

DEFAULT = {"command": "php artisan schedule:run", "every_replica": False, "entries": []}


def put(api: Api, **fields: object) -> Any:
    path = f"/api/environments/{api.linked.environment}/schedule"
    return api.client.request("PUT", path, json=fields)


def test_a_schedule_is_replaced_as_a_whole(api: Api) -> None:
    path = f"/api/environments/{api.linked.environment}/schedule"
    assert api.get(path).json()["data"]["attributes"] == DEFAULT
    entry = {"expression": "*/5 * * * *", "command": "echo hello", "timezone": "Europe/Berlin"}

    assert put(api, command="", every_replica=True, entries=[entry]).status_code == 200
    assert api.get(path).json()["data"]["attributes"] == {
        "command": "",
        "every_replica": True,
        "entries": [entry],
    }

    assert put(api).json()["data"]["attributes"] == DEFAULT


@pytest.mark.parametrize(
    ("entry", "field", "words"),
    [
        ({"expression": "every minute", "command": "x"}, "entries.0", "give one such as 30 2 * * *."),
        (
            {"expression": "* * * * *", "command": "x", "timezone": "Mars"},
            "entries.0",
            "such as Europe/Berlin.",
        ),
        ({"expression": "* * * * *"}, "entries.0.command", "field is required."),
    ],
)
def test_an_entry_that_means_nothing_is_refused(
    api: Api, entry: dict[str, str], field: str, words: str
) -> None:
    answer = put(api, entries=[entry])

    assert answer.status_code == 422
    [(named, [said])] = answer.json()["errors"].items()
    assert named == field
    assert said.endswith(words)


def test_runs_are_listed_with_what_became_of_them(api: Api) -> None:
    now = datetime.now(UTC)
    run = ScheduledRun(
        id=new_run_id(),
        instance_id=api.linked.instance,
        replica=1,
        command="php artisan schedule:run",
        due_at=now,
        status=RunStatus.SUCCEEDED,
        started_at=now,
        finished_at=now,
        duration_seconds=0.25,
        reason="finished (exit 0)",
        output="done\n",
    )
    asyncio.run(api.control.store.write(lambda connection: scheduled_runs.begin(connection, now, [run])))

    [shown] = api.get(f"/api/instances/{api.linked.instance}/scheduled-runs").json()["data"]

    assert shown["id"] == run.id
    assert (shown["attributes"]["status"], shown["attributes"]["output"]) == ("succeeded", "done\n")
