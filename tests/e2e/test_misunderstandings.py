"""A server and a keeper that do not understand each other: it is seen by who administers them, in both directions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.engineroom_server import EngineroomServer
from tests.support.scripted_keeper import ScriptedKeeper, scripted_keeper
from tests.support.waiting import wait_until


def _hangs_up(keeper: ScriptedKeeper) -> None:
    keeper.refuse_from(5)


def _refuses(keeper: ScriptedKeeper) -> None:
    keeper.refuse_from(5, refuses="a line of it names no call")


def _answers_nonsense(keeper: ScriptedKeeper) -> None:
    keeper.answers["hello"] = {"welcome": "here"}


def _says_nonsense(keeper: ScriptedKeeper) -> None:
    keeper.says = [b'{"surprise": 1}\n']
    keeper.refuse_from(6, refuses="it is to watch anew")


WAYS = {
    "it refused what the server sent: it hung up without saying why": _hangs_up,
    "it refused what the server sent: a line of it names no call": _refuses,
    "Hello: Object missing required field": _answers_nonsense,
    "Happened: Expected `object`": _says_nonsense,
}


@pytest.mark.parametrize("reason", WAYS)
def test_it_is_alerted_of_with_the_reason_whoever_says_what_the_other_does_not_understand(
    tmp_path: Path, reason: str
) -> None:
    begin: Callable[[ScriptedKeeper], None] = WAYS[reason]
    with EngineroomServer(tmp_path) as engineroom:
        with scripted_keeper(engineroom.data / "keeper") as keeper:
            engineroom.start()
            begin(keeper)

            def told() -> list[str]:
                alerts = engineroom.api.get("/api/alerts")["data"]
                return [each["message"] for each in alerts if each["rule"] == "keeper_misunderstood"]

            wait_until("it is alerted of", lambda: any(reason in each for each in told()), timeout_seconds=60)
            before = keeper.connections
            wait_until("it is connected to again", lambda: keeper.connections > before, timeout_seconds=60)
        assert "Traceback" not in engineroom.output()
