"""A command that version 0.1.0 began goes on in its own runner, and is not begun again."""

import fcntl
import json
from dataclasses import replace

from engineroom.model.ids import RunId
from tests.runtime.asynchronous import asynchronous
from tests.runtime.conformance import Session, some_run
from tests.runtime.test_local import LocalHost


@asynchronous
async def test_a_command_of_an_earlier_version_is_left_to_its_runner_and_its_end_is_told(
    host: LocalHost,
) -> None:
    folder = host.folder / "one-offs" / "comm-1"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps({"runner": 1, "started_at": 1000.0}))
    run = replace(some_run("sleep", "600"), id=RunId("comm-1"))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        session = await Session.opened(host)
        await session.runtime.run([run])
        assert session.runtime.runs() == {run.id}
        assert session.finished() == []
        (folder / "output").write_text("done\n")
        (folder / "state.json").write_text(json.dumps({"started_at": 1000.0, "ended_at": 1002.0, "code": 3}))
    assert session.runtime.runs() == frozenset()
    await session.runtime.run([run])
    (finished,) = session.finished()
    assert (finished.exit.code, finished.exit.lived_seconds, finished.output) == (3, 2.0, "done\n")
    await session.runtime.close()


@asynchronous
async def test_one_whose_runner_was_killed_ended_in_an_unknown_way(host: LocalHost) -> None:
    folder = host.folder / "one-offs" / "comm-1"
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    session = await Session.opened(host)
    await session.runtime.run([replace(some_run("sleep", "600"), id=RunId("comm-1"))])
    (finished,) = session.finished()
    assert (finished.exit.code, finished.exit.signal) == (None, None)
    await session.runtime.close()
