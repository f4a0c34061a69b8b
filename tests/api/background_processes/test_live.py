"""What is ours beside the contract: live processes, events, operations."""

import asyncio
from datetime import UTC, datetime, timedelta

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, InstanceId, new_event_id
from engineroom.model.instances.limits import Limits, Usage
from engineroom.model.instances.replica import Replica
from engineroom.model.operation import Progress
from engineroom.model.processes.exits import Exit
from engineroom.model.processes.process import Process, ProcessState
from engineroom.store.queries import events, operations
from tests.support.api import Api

NOON = datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def test_live_processes_are_listed_with_their_state_and_last_exit_in_words(api: Api) -> None:
    made = BackgroundProcessId(api.made())
    running = Process(
        id="p-1",
        background_process=made,
        replica=1,
        index=0,
        fingerprint="f",
        state=ProcessState.RUNNING,
        pid=4242,
        started_at=NOON,
    )
    failing = Process(
        id="p-2",
        background_process=made,
        replica=1,
        index=1,
        fingerprint="f",
        state=ProcessState.BACKING_OFF,
        restarts=3,
        crash_looping=True,
        next_start_at=NOON + timedelta(seconds=4),
        last_exit=Exit(at=NOON, lived_seconds=0.51234, code=1),
    )
    api.control.live[made] = [running, failing]

    body = api.get(f"/api/background-processes/{made}/processes").json()

    assert [item["type"] for item in body["data"]] == ["processes"] * 2
    assert body["meta"]["total"] == 2
    first, second = (item["attributes"] for item in body["data"])
    assert first == {
        "replica": 1,
        "index": 0,
        "pid": 4242,
        "state": "running",
        "started_at": "2026-05-01T12:00:00.250000Z",
        "restarts": 0,
        "crash_looping": False,
        "tight_loop": False,
        "next_start_at": None,
        "deadline_at": None,
        "last_exit": None,
        "limits": {"memory_bytes": None, "cpus": None, "processes": None},
        "usage": None,
        "output_dropped_bytes": 0,
        "stale_since": None,
    }
    assert second["next_start_at"] == "2026-05-01T12:00:04.250000Z"
    assert second["last_exit"] == {
        "code": 1,
        "signal": None,
        "reason": "failed at start (exit 1)",
        "lived_seconds": 0.512,
        "at": "2026-05-01T12:00:00.250000Z",
    }


def test_a_worker_killed_by_its_own_timeout_is_said_to_be(api: Api) -> None:
    made = BackgroundProcessId(api.made(type="worker", config={"timeout": 60}))
    killed = Process(
        id="p-1",
        background_process=made,
        replica=1,
        index=0,
        fingerprint="f",
        state=ProcessState.STARTING,
        last_exit=Exit(at=NOON, lived_seconds=61, signal=9),
    )
    api.control.live[made] = [killed]

    body = api.get(f"/api/background-processes/{made}/processes").json()

    reason = body["data"][0]["attributes"]["last_exit"]["reason"]
    assert reason == "killed by its own timeout of 60 s"


def test_events_are_listed_newest_first(api: Api) -> None:
    made = BackgroundProcessId(api.made())
    new = [
        Event(
            id=new_event_id(),
            background_process_id=made,
            kind=f"process.{kind}",
            message=f"It {kind}.",
            data={"pid": 7},
            at=NOON,
        )
        for kind in ("started", "exited")
    ]
    store = api.control.store
    asyncio.run(store.write(lambda connection: events.record(connection, new, runtime="local", cursor="2")))

    body = api.get(f"/api/background-processes/{made}/events").json()

    assert [item["attributes"]["kind"] for item in body["data"]] == [
        "process.exited",
        "process.started",
        "background_process.created",
    ]
    assert body["data"][0]["type"] == "events"
    assert list(body["data"][0]["attributes"]) == ["kind", "message", "data", "at", "subject_id"]


def test_an_operation_shows_what_changed_and_how_far_it_is(api: Api) -> None:
    made = api.made()
    operation = api.patch(made, {"processes": 3}).headers["engineroom-operation"]
    progress = Progress(wanted=3, current=2, starting=0, backing_off=1, outdated=0, draining=0)
    api.control.known[made] = progress

    data = api.get(f"/api/operations/{operation}").json()["data"]

    assert (data["id"], data["type"]) == (operation, "operations")
    assert list(data["attributes"]) == [
        "action",
        "status",
        "actor",
        "subject_type",
        "subject_id",
        "parent_id",
        "changes",
        "progress",
        "message",
        "created_at",
        "finished_at",
    ]
    assert data["attributes"]["changes"] == {"processes": {"from": 2, "to": 3}}
    assert data["attributes"]["message"] == "2 of 3 running, 1 backing off"
    assert data["attributes"]["actor"] == "test"
    assert data["attributes"]["progress"] == {
        "wanted": 3,
        "current": 2,
        "starting": 0,
        "backing_off": 1,
        "outdated": 0,
        "draining": 0,
    }


def test_a_later_change_supersedes_the_operations_that_still_run(api: Api) -> None:
    made = api.made()
    api.patch(made, {"processes": 3})
    deleted = api.delete(made).headers["engineroom-operation"]
    finish = [operation["id"] for operation in api.get("/api/operations").json()["data"]]
    now = datetime.now(UTC)
    store = api.control.store
    asyncio.run(store.write(lambda connection: operations.finish(connection, finish, now)))

    found = api.get("/api/operations").json()["data"]

    assert [(item["attributes"]["action"], item["attributes"]["status"]) for item in found] == [
        ("delete", "succeeded"),
        ("update", "superseded"),
        ("create", "superseded"),
    ]
    assert found[0]["id"] == deleted
    assert found[0]["attributes"]["progress"] is None
    assert found[0]["attributes"]["message"] == "all processes are gone"


def test_the_operations_of_one_background_process_are_listed_newest_first(api: Api) -> None:
    made = api.made()
    api.made()
    api.patch(made, {"command": "sleep 5"})

    found = api.get(f"/api/background-processes/{made}/operations").json()["data"]

    assert [item["attributes"]["action"] for item in found] == ["update", "create"]
    assert found[0]["attributes"]["changes"] == {"command": {"from": "sleep 60", "to": "sleep 5"}}
    assert found[1]["attributes"]["changes"]["command"] == {"from": None, "to": "sleep 60"}


def test_a_change_that_changes_nothing_is_an_operation_without_changes(api: Api) -> None:
    operation = api.patch(api.made(), {"processes": 2}).headers["engineroom-operation"]
    assert api.get(f"/api/operations/{operation}").json()["data"]["attributes"]["changes"] == {}


def test_a_replica_shows_what_it_may_use_and_what_it_uses(api: Api) -> None:
    instance = InstanceId(api.linked.instance)
    usage = Usage(cpu_seconds=2.00049, cpu_percent=12.34, memory_bytes=1000, processes=None)
    limits = Limits(memory_bytes=2000, cpus=1.0, processes=1024)
    there = Replica(instance=instance, number=1, limits=limits, usage=usage, running=2, draining=1)
    api.control.replicas_there.append(there)

    body = api.get(f"/api/instances/{instance}/replicas").json()

    assert body["data"] == [
        {
            "id": f"{instance}.1",
            "type": "replicas",
            "attributes": {
                "number": 1,
                "running": 2,
                "draining": 1,
                "limits": {"memory_bytes": 2000, "cpus": 1.0, "processes": 1024},
                "usage": {"cpu_seconds": 2.0, "cpu_percent": 12.3, "memory_bytes": 1000, "processes": None},
            },
        }
    ]
