"""Two servers on one PostgreSQL: the one that is killed is missed and told of, and the one that is stopped is not."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.databases import PostgresqlServer
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("postgresql")

LOOKS_SECONDS = 45.0
"""Each server looks every ten seconds, and then alerts do."""


@dataclass
class Pair:
    """Two servers, and their database; the code is on the host of `there`."""

    here: EngineroomServer
    there: EngineroomServer
    database: str

    def pass_two_minutes(self) -> None:
        """Have the database remember that `there` was silent for two minutes, and that `here` was not."""
        host = (self.there.data / "host").read_text().strip()
        with psycopg.connect(self.database) as connection:
            connection.execute("UPDATE hosts SET steady_since = steady_since - interval '1 hour'")
            silent = "UPDATE hosts SET seen_at = seen_at - interval '2 minutes' WHERE id = %s"
            assert connection.execute(silent, [host]).rowcount == 1

    def reports_of_here(self) -> Any:
        """Return when `here` reported last."""
        host = (self.here.data / "host").read_text().strip()
        with psycopg.connect(self.database) as connection:
            return connection.execute("SELECT seen_at FROM hosts WHERE id = %s", [host]).fetchone()

    def told(self) -> list[tuple[str, str]]:
        """Return the events of hosts and of alerts about them, oldest first, with what they say."""
        listed = [each["attributes"] for each in self.here.api.get("/api/events")["data"]]
        return [
            (each["kind"], each["message"])
            for each in reversed(listed)
            if each["kind"].startswith("host.") or each["data"].get("rule") == "host_lost"
        ]

    def alerts(self) -> list[str]:
        return [
            alert["message"]
            for alert in self.here.api.get("/api/alerts")["data"]
            if alert["rule"] == "host_lost" and alert["background_process_id"] is None
        ]


@pytest.fixture
def pair(postgresql_server: PostgresqlServer, tmp_path: Path, code: Path) -> Iterator[Pair]:
    database = postgresql_server.emptied()
    with ExitStack() as stack:
        servers = []
        for name in ("here", "there"):
            (tmp_path / name).mkdir()
            made = EngineroomServer(tmp_path / name, ENGINEROOM_DATABASE=database)
            servers.append(stack.enter_context(made))
        here, there = servers
        here.start()
        there.data.mkdir()
        shutil.copy(here.data / "secrets.key", there.data)
        there.start()
        there.link(code, name="Shop")
        yield Pair(here, there, database)


def test_a_killed_server_is_told_of_once_with_what_does_not_run_and_so_is_its_return(pair: Pair) -> None:
    pair.there.kill()
    pair.pass_two_minutes()

    (alert,) = wait_until("the alert fires", pair.alerts, timeout_seconds=LOOKS_SECONDS)
    pair.there.start()
    wait_until("it is resolved", lambda: not pair.alerts(), timeout_seconds=LOOKS_SECONDS)
    wait_until("all is recorded", lambda: len(pair.told()) == 4)

    told = pair.told()
    assert [kind for kind, _ in told] == ["host.lost", "alert.firing", "host.found", "alert.resolved"]
    assert told[0][1].endswith("these environments do not run: Shop (production).")
    assert told[2][1].endswith("with these environments: Shop (production).")
    assert alert.endswith("has not been seen for more than a minute; 1 environments belong to it.")


def test_a_server_that_is_stopped_in_order_is_not_missed(pair: Pair) -> None:
    assert pair.there.stop() == 0
    pair.pass_two_minutes()

    for _ in range(2):
        before = pair.reports_of_here()
        wait_until(
            "the other looked again",
            lambda before=before: pair.reports_of_here() != before,  # type: ignore[misc]
            timeout_seconds=LOOKS_SECONDS,
        )
    assert pair.told() == []
    assert pair.alerts() == []
