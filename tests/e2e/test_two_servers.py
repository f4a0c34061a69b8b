"""Two servers on one PostgreSQL, each with a keeper of its own: every process runs once, on the host that it belongs to."""

import shutil
from pathlib import Path

import pytest

from tests.support.client import Api
from tests.support.databases import PostgresqlServer
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

TWO_PASSES_SECONDS = 30.0
"""What another server was asked for is seen in the next pass over everything, which comes every ten seconds."""


@pytest.mark.needs("postgresql")
def test_what_one_server_is_asked_for_runs_on_the_host_of_the_other_and_only_there(
    postgresql_server: PostgresqlServer, tmp_path: Path, code: Path
) -> None:
    database = postgresql_server.emptied()
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
    with (
        EngineroomServer(folders[0], ENGINEROOM_DATABASE=database) as here,
        EngineroomServer(folders[1], ENGINEROOM_DATABASE=database) as there,
    ):
        here.start()
        there.data.mkdir()
        shutil.copy(here.data / "secrets.key", there.data)
        there.start()
        linked = here.link(code)
        instance = linked.instance

        asked_there = Api(there.address, here.token)
        address = f"/api/environments/{linked.environment}/folder"
        assert here.api.get(address)["data"]["attributes"]["resolved_path"] == str(code.resolve())
        seen_there = asked_there.get(address)["data"]["attributes"]
        assert (seen_there["directory"], seen_there["resolved_path"]) == (str(code), None)
        assert "whose server alone can look at it" in seen_there["reason"]
        asked_there.create(instance, type="custom", command="sleep 1000", processes=3)

        wait_until(
            "three processes run on the host of the code",
            lambda: len(here.user_pids()) == 3,
            timeout_seconds=TWO_PASSES_SECONDS,
        )
        here.api.create(instance, type="custom", command="sleep 1001", processes=1)
        wait_until("the fourth runs too", lambda: len(here.user_pids()) == 4)
        assert there.user_pids() == set()
        asked_there.close()
