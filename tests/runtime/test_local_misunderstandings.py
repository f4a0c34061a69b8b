"""The local runtime and a keeper that says what is not of its protocol: loud, patient, and never in silence alone."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from engineroom.runtime.base import Report, RuntimeUnavailableError
from engineroom.runtime.local import LocalRuntime, usage
from engineroom.runtime.local.reconnecting import Pauses, pause_seconds
from tests.runtime.asynchronous import asynchronous, eventually
from tests.support.scripted_keeper import ScriptedKeeper

JsonObject = dict[str, Any]

LABELS = {"background_process": "process-1", "replica": "1", "index": "0", "fingerprint": "f"}
PROCESS: JsonObject = {
    "id": "process-1.1.0.abc",
    "labels": LABELS,
    "state": "running",
    "pid": 4_000_000,
    "restarts": 0,
    "young_deaths": 0,
    "crash_looping": False,
    "started_at": 1.0,
    "started_monotonic": 1.0,
    "due_at": None,
    "last_exit": None,
}


def without(name: str) -> JsonObject:
    return {key: value for key, value in PROCESS.items() if key != name}


def event(sequence: int, process: JsonObject = PROCESS, **changes: object) -> JsonObject:
    return {"sequence": sequence, "event": "started", "at": 1.0, "process": process, **changes}


FAULTS = {
    "no JSON": b"oops\n",
    "no object": b"[]\n",
    "no message": b'{"surprise": 1}\n',
    "an answer that nobody waits for": b'{"id": 99, "result": {}}\n',
    "an answer without a number": b'{"id": null, "error": "a request must be a JSON object"}\n',
    "nesting without an end": b"[" * 200_000 + b"\n",
    "an unknown event": json.dumps(event(5, event="danced")).encode() + b"\n",
    "an unknown state": json.dumps(event(5, PROCESS | {"state": "frozen"})).encode() + b"\n",
    "a process without labels": json.dumps(event(5, without("labels"))).encode() + b"\n",
    "labels that tell nothing": json.dumps(event(5, PROCESS | {"labels": {}})).encode() + b"\n",
    "a replica that is no number": json.dumps(
        event(5, PROCESS | {"labels": LABELS | {"replica": "one"}})
    ).encode()
    + b"\n",
    "a pid that is no number": json.dumps(event(5, PROCESS | {"pid": "12"})).encode() + b"\n",
    "a time that is none": json.dumps(event(5, at=1e300)).encode() + b"\n",
    "output that is none": b'{"output": {"a": "b"}}\n',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_understood_is_told_and_the_keeper_is_connected_to_again(
    tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reports: list[Report] = []

    @asynchronous
    async def scenario() -> None:
        async with ScriptedKeeper(tmp_path / "keeper") as scripted:
            scripted.says = [json.dumps(event(4)).encode() + b"\n", FAULTS[fault]]
            runtime = LocalRuntime(scripted.folder)
            await runtime.open(reports.append, "e:3")
            await eventually("it has connected again", lambda: scripted.connections >= 4)
            scripted.says = []
            await eventually("it is connected", lambda: runtime.reachable)
            await runtime.close()
            assert scripted.watched_after[0] == 3
            assert scripted.watched_after[1] in {5, 7}, "it is not asked for again"

    scenario()
    told = [event.kind for report in reports for event in report.events]
    assert told.count("keeper.misunderstood") >= 3
    assert "process.started" in told, "what came before it is taken in"
    printed = capsys.readouterr().out
    assert "keeper.misunderstood" in printed
    assert "Traceback" not in printed


REFUSALS = {
    "it says why": ("a line of it is no JSON", "a line of it is no JSON"),
    "in silence": (None, "it hung up without saying why"),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_a_keeper_that_refuses_what_it_is_sent_is_told_of_and_loses_nothing(tmp_path: Path, how: str) -> None:
    reports: list[Report] = []
    refuses, reason = REFUSALS[how]

    @asynchronous
    async def scenario() -> None:
        async with ScriptedKeeper(tmp_path / "keeper") as scripted:
            runtime = LocalRuntime(scripted.folder)
            await runtime.open(reports.append, "e:3")
            scripted.refuse_from(4, refuses=refuses)
            await eventually("it has connected again", lambda: scripted.connections >= 4)
            scripted.refuse_from(None)
            await eventually("it is connected", lambda: runtime.reachable)
            await runtime.close()
            assert set(scripted.watched_after) == {3}, (
                "what happened is asked for again, as none of it was at fault"
            )

    scenario()
    told = [event for report in reports for event in report.events if event.kind == "keeper.misunderstood"]
    assert {event.data["reason"] for event in told} == {f"it refused what the server sent: {reason}"}


@pytest.mark.parametrize("how", REFUSALS)
@asynchronous
async def test_a_server_whose_keeper_never_understands_it_does_not_start_and_says_so(
    tmp_path: Path, how: str
) -> None:
    refuses, reason = REFUSALS[how]
    async with ScriptedKeeper(tmp_path / "keeper") as scripted:
        scripted.refuse_from(2, refuses=refuses)
        with pytest.raises(RuntimeUnavailableError, match=f"does not understand this server: {reason}"):
            await LocalRuntime(scripted.folder).open([].append, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("call", ["hello", "usage"])
@asynchronous
async def test_an_answer_that_makes_no_sense_is_told_whoever_waits_for_it(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The greeting, which is asked again and again, and what is counted now and then."""
    monkeypatch.setattr(usage, "USAGE_SECONDS", 0.1)
    reports: list[Report] = []
    async with ScriptedKeeper(tmp_path / "keeper") as scripted:
        runtime = LocalRuntime(scripted.folder)
        await runtime.open(reports.append, None)
        scripted.answers[call] = {"processes": "many"}

        def told() -> bool:
            return any(event.kind == "keeper.misunderstood" for report in reports for event in report.events)

        await eventually("it is told", told)
        del scripted.answers[call]
        await eventually("it is connected", lambda: runtime.reachable)
        await runtime.close()


STRANGE = [
    PROCESS | {"state": "frozen"},
    without("labels"),
    PROCESS | {"labels": {"a": "b"}},
    PROCESS | {"last_exit": {"at": "yesterday"}},
    {"id": 1},
]


@pytest.mark.parametrize("strange", STRANGE)
@asynchronous
async def test_one_process_that_makes_no_sense_is_left_alone_and_the_others_are_known(
    tmp_path: Path, strange: JsonObject
) -> None:
    reports: list[Report] = []
    async with ScriptedKeeper(tmp_path / "keeper") as scripted:
        other = PROCESS | {"id": "b", "labels": LABELS | {"background_process": "process-2"}}
        scripted.processes = [strange, other]
        runtime = LocalRuntime(scripted.folder)
        await runtime.open(reports.append, None)
        assert runtime.background_processes() == {"process-2"}
        await runtime.close()
    (told,) = [event for report in reports for event in report.events]
    assert told.kind == "keeper.misunderstood"
    assert "left alone" in told.message


@asynchronous
async def test_a_greeting_in_another_language_is_an_error_with_the_reason(tmp_path: Path) -> None:
    reports: list[Report] = []
    async with ScriptedKeeper(tmp_path / "keeper") as scripted:
        scripted.answers["hello"] = {"welcome": "here"}
        with pytest.raises(RuntimeUnavailableError, match="speaks another language"):
            await LocalRuntime(scripted.folder).open(reports.append, None)


@pytest.mark.needs("root")
@asynchronous
async def test_a_socket_that_somebody_else_listens_on_never_hears_the_secret(tmp_path: Path) -> None:
    """As when the keeper has ended, and the folder could be written by others."""
    folder = tmp_path / "keeper"
    folder.mkdir()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def listen() -> None:
        listener.bind(str(folder / "socket"))
        os.setresuid(-1, 65534, -1)
        listener.listen()
        os.setresuid(-1, 0, -1)

    with listener:
        listen()
        with pytest.raises(RuntimeUnavailableError, match="user 65534 listens on the keeper's socket"):
            await LocalRuntime(folder).open([].append, None)  # type: ignore[arg-type]


def test_connections_that_end_at_once_come_after_longer_and_longer_pauses() -> None:
    pauses = Pauses()
    waited = [pauses.next_seconds(0.1, misunderstood=False) for _ in range(20)]
    assert waited[0] == 0.0
    assert waited == sorted(waited)
    assert waited[-1] == 30.0
    assert pauses.next_seconds(2.0, misunderstood=False) == 0.0


def test_a_misunderstanding_every_few_seconds_is_no_good_connection() -> None:
    pauses = Pauses()
    waited = [pauses.next_seconds(5.0, misunderstood=True) for _ in range(20)]
    assert waited[-1] == pause_seconds(19) == 30.0
