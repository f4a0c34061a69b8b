"""The folder of an environment is looked at as the user who runs things there."""

import asyncio
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engineroom.control.folders.inspection import NOWHERE, look
from engineroom.model.applications.environment import Environment, EnvironmentStatus
from engineroom.model.applications.folder import FolderGrant, FolderInspection
from engineroom.model.ids import new_application_id, new_environment_id
from engineroom.sandbox import Sandbox
from tests.support.tenants import give, home_of

pytestmark = pytest.mark.needs("root")

ENVIRONMENT = Environment(
    id=new_environment_id(),
    application_id=new_application_id(),
    name="production",
    slug="production",
    status=EnvironmentStatus.RUNNING,
    vanity_domain="shop.laravel.cloud",
    directory=None,
    variables=(),
    shutdown_timeout_seconds=60,
    created_at=datetime.now(UTC),
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of `www-data`, with two releases and a link to the first."""
    with home_of("www-data") as made:
        for name in ("1", "2"):
            (made / name).mkdir()
            give(made / name, "www-data")
        point(made, "1")
        yield made


def point(home: Path, release: str) -> None:
    """Have the link lead to this release."""
    (home / "current").unlink(missing_ok=True)
    (home / "current").symlink_to(release)
    give(home / "current", "www-data")


def seen(
    directory: Path | None, allowed: Sequence[FolderGrant], os_user: str | None = None
) -> FolderInspection:
    async def looked() -> FolderInspection:
        sandbox = Sandbox()
        try:
            given = None if directory is None else str(directory)
            return await look(sandbox, replace(ENVIRONMENT, directory=given, os_user=os_user), allowed)
        finally:
            await sandbox.close()

    return asyncio.run(looked())


def to_www_data(folder: Path) -> list[FolderGrant]:
    return [FolderGrant(path=str(folder), user="www-data")]


def test_what_a_link_points_to_is_seen_and_who_runs_there(home: Path) -> None:
    current = home / "current"
    found = seen(current, to_www_data(home))
    assert found == FolderInspection(
        directory=str(current), resolved_path=str(home / "1"), user="www-data", is_allowed=True
    )
    point(home, "2")
    assert seen(current, to_www_data(home)).resolved_path == str(home / "2")


def test_the_commit_there_is_seen(home: Path) -> None:
    folder, names = home / "1", ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    for words in (("init", "-q"), (*names, "commit", "-q", "--allow-empty", "-m", "Begin")):
        variables = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        command = ["git", "-C", str(folder), *words]
        subprocess.run(command, user="www-data", group="www-data", check=True, env=variables)
    commit = seen(home / "current", to_www_data(home)).commit
    assert commit is not None
    assert (commit.message, commit.author, len(commit.hash)) == ("Begin", "Ann", 40)


@pytest.mark.parametrize(
    ("allowed", "os_user", "is_allowed"),
    [
        ([], None, False),
        ([FolderGrant(path="/srv", user=None)], None, False),
        ([FolderGrant(path="/var/tmp", user=None)], None, True),
        ([FolderGrant(path="/var/tmp", user="www-data")], "www-data", True),
        ([FolderGrant(path="/var/tmp", user="www-data")], "33", True),
        ([FolderGrant(path="/var/tmp", user="games")], "www-data", False),
    ],
)
def test_it_is_said_whether_it_is_allowed(
    home: Path, allowed: list[FolderGrant], os_user: str | None, is_allowed: bool
) -> None:
    found = seen(home / "current", allowed, os_user)
    assert (found.is_allowed, found.user) == (is_allowed, "www-data")


def test_what_cannot_be_seen_says_why(home: Path) -> None:
    gone = seen(home / "nowhere", to_www_data(home))
    assert gone.resolved_path is None
    assert "No such file or directory" in str(gone.reason)
    others = seen(home / "current", [FolderGrant(path=str(home), user="games")], "games")
    assert (others.resolved_path, others.user) == (None, "games")
    assert "Permission denied" in str(others.reason)
    assert seen(None, []) == FolderInspection(directory=None, reason=NOWHERE)
