"""Who may run what in which folder of a host: said on the host, and kept to by whoever asks over HTTP."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support import proc
from tests.support.client import Api, BackgroundProcess
from tests.support.engineroom_server import ENGINEROOM, EngineroomServer, Linked
from tests.support.waiting import wait_until

ALICE, BOB = 12345, 12346


@contextlib.contextmanager
def organization(engineroom: EngineroomServer, name: str) -> Iterator[Api]:
    """Have a client with all abilities in a new organization."""
    slug = engineroom.run("organization", "create", name).strip()
    token = engineroom.run("token", "create", "admin", "--organization", slug).strip()
    api = Api(engineroom.address, token)
    try:
        yield api
    finally:
        api.close()


def an_environment(api: Api) -> tuple[str, str]:
    """Return the address of a new environment, and the id of its instance."""
    made = api.post("/api/applications", repository="acme/blog", name="Blog", region="eu-west-1")
    environments = f"/api/applications/{made['data']['id']}/environments?include=instances"
    [environment] = api.get(environments)["data"]
    instance = environment["relationships"]["instances"]["data"][0]["id"]
    return f"/api/environments/{environment['id']}", instance


def refused(api: Api, address: str, directory: Path | str) -> str:
    answer = api.ask("PATCH", address, directory=str(directory))
    assert answer.status_code == 422, answer.text
    told: str = answer.json()["errors"]["directory"][0]
    return told


@pytest.mark.needs("root")
def test_an_organization_runs_things_in_the_folders_that_were_allowed_to_it_and_as_their_user(
    engineroom: EngineroomServer, public: Path
) -> None:
    apps, others = public / "apps", public / "others"
    for folder in (apps / "shop", others):
        folder.mkdir(parents=True)
    os.chown(apps / "shop", ALICE, ALICE)
    with organization(engineroom, "Acme") as acme, organization(engineroom, "Other") as other:
        address, instance = an_environment(acme)
        assert "engineroom folder allow" in refused(acme, address, apps / "shop")
        engineroom.run(
            "folder", "allow", str(apps), "--user", "nobody", "--owner", "12345", "--organization", "acme"
        )
        engineroom.run("folder", "allow", str(others), "--user", "games", "--organization", "other")

        for wrong in (public, others, "/", "/root", f"{apps}/../others", f"{apps}x"):
            refused(acme, address, wrong)
        assert f"Or choose one of those that it has: {apps}." in refused(acme, address, others)
        assert f"Or choose one of those that it has: {others}." in refused(
            other, an_environment(other)[0], apps
        )

        acme.patch(address, directory=f"{apps}//shop/.")
        [pid] = acme.create(instance, type="custom", processes=1, command="sleep 600").wait_until_running(1)
    assert Path(f"/proc/{pid}").owner() == "nobody"
    assert proc.working_directory(pid) == apps / "shop"
    assert proc.environment(pid)["PWD"] == str(apps / "shop")


@pytest.mark.needs("root")
def test_a_folder_that_is_swapped_for_another_users_is_not_run_in_and_the_reason_is_told(
    engineroom: EngineroomServer, public: Path
) -> None:
    """Alice has no token; all that she needs for it are her own folders."""
    alices, bobs = public / "alice", public / "bob"
    app = alices / "app"
    for folder, owner in ((alices, ALICE), (app, ALICE), (bobs, BOB)):
        folder.mkdir()
        os.chown(folder, owner, owner)
    linked = engineroom.link(app)
    made = engineroom.api.create(linked.instance, type="custom", processes=1, command="sleep 600")
    [pid] = made.wait_until_running(1)
    app.rename(alices / "away")
    app.symlink_to(bobs)
    os.chown(app, ALICE, ALICE, follow_symlinks=False)
    proc.kill(pid)

    wait_until(
        "it is told why", lambda: [one for one in made.processes() if "when it was allowed" in one.reason]
    )
    assert made.running_pids() == set()
    assert not engineroom.user_pids()
    folder = engineroom.api.get(f"/api/environments/{linked.environment}/folder")["data"]["attributes"]
    assert folder["resolved_path"] is None
    assert "when it was allowed" in folder["reason"]

    app.unlink()
    (alices / "away").rename(app)
    [pid] = made.wait_until_running(1)
    assert Path(f"/proc/{pid}").stat().st_uid == ALICE


def git(folder: Path, *words: str) -> None:
    """Run git as Alice, in a repository of hers."""
    names = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    command = ["git", *names, "-C", str(folder), *words]
    subprocess.run(command, user=ALICE, group=ALICE, extra_groups=[], check=True, env=environment)


def code_of(engineroom: EngineroomServer, linked: Linked) -> tuple[object, list[str]]:
    """Return the repository and the branches that are shown of what was linked."""
    application = engineroom.api.get(f"/api/applications/{linked.application}")["data"]
    shown = engineroom.api.get(f"/api/environments/{linked.environment}?include=branch")
    return application["attributes"]["repository"], [each["attributes"]["name"] for each in shown["included"]]


@pytest.mark.needs("root")
def test_repository_and_branch_of_linked_code_are_those_of_its_git_each_time_that_it_is_linked(
    engineroom: EngineroomServer, public: Path
) -> None:
    app = public / "app"
    app.mkdir()
    os.chown(app, ALICE, ALICE)
    linked = engineroom.link(app)
    assert code_of(engineroom, linked) == (None, ["main"])

    git(app, "init", "-q", "-b", "trunk")
    git(app, "commit", "-q", "--allow-empty", "-m", "Begin")
    git(app, "remote", "add", "origin", "https://alice:s3cret@github.com/acme/shop.git")
    assert engineroom.link(app) == linked
    assert code_of(engineroom, linked) == ({"full_name": "acme/shop", "default_branch": "main"}, ["trunk"])

    git(app, "remote", "set-url", "origin", "git@github.com:acme/store.git")
    git(app, "switch", "-q", "-c", "next")
    assert engineroom.link(app) == linked
    moved = ({"full_name": "acme/store", "default_branch": "main"}, ["next"])
    assert code_of(engineroom, linked) == moved

    folder = engineroom.api.get(f"/api/environments/{linked.environment}/folder")["data"]["attributes"]
    assert folder["directory"] == folder["resolved_path"] == str(app)
    assert (folder["user"], folder["is_allowed"]) == (str(ALICE), True)
    assert folder["commit"]["message"] == "Begin"

    # A release is often checked out without a branch: then the last one that is known stays.
    git(app, "checkout", "-q", "--detach")
    assert engineroom.link(app) == linked
    assert code_of(engineroom, linked) == moved
    assert "s3cret" not in engineroom.output()


def test_a_folder_that_is_linked_twice_is_one_application_and_unlinking_undoes_it(
    engineroom: EngineroomServer, code: Path
) -> None:
    first = engineroom.link(code, name="Shop", COLOR="red")
    made = engineroom.api.create(first.instance, type="custom", processes=1, command="sleep 600")
    [pid] = made.wait_until_running(1)
    assert engineroom.link(code, name="Shop", COLOR="red") == first
    assert made.running_pids() == {pid}

    assert engineroom.link(code, name="Store", COLOR="blue") == first
    [application] = engineroom.api.get("/api/applications")["data"]
    assert application["attributes"]["name"] == "Store"
    wait_until("it has what is new", lambda: blue(made.running_pids()))

    engineroom.run("unlink", str(code))
    wait_until("nothing runs any more", lambda: not engineroom.user_pids())
    assert engineroom.api.get("/api/applications")["data"] == []
    again = subprocess.run(
        [ENGINEROOM, "unlink", str(code)],
        env=engineroom.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, "it is not linked" in again.stderr) == (1, True)
    assert str(code) not in engineroom.run("folder", "list")


def blue(pids: set[int]) -> bool:
    return bool(pids) and all(proc.environment(pid).get("COLOR") == "blue" for pid in pids)


def test_a_deployment_runs_what_a_link_such_as_current_points_to_now(
    engineroom: EngineroomServer, public: Path
) -> None:
    current = public / "current"
    for release in ("1", "2"):
        (public / "releases" / release).mkdir(parents=True)
    current.symlink_to("releases/1")
    linked = engineroom.link(current)
    made = engineroom.api.create(linked.instance, type="custom", processes=1, command="sleep 600")
    [pid] = made.wait_until_running(1)
    assert proc.working_directory(pid) == public / "releases" / "1"

    for release, given in (("2", False), ("1", True)):
        (public / "next").symlink_to(f"releases/{release}")
        (public / "next").rename(current)
        if given:
            engineroom.api.patch(f"/api/environments/{linked.environment}", directory=str(current))
        engineroom.api.post(f"/api/environments/{linked.environment}/deployments")
        expected = public / "releases" / release
        wait_until("the new release runs", partial(runs_in, made, expected))
    [pid] = made.running_pids()
    assert proc.environment(pid)["PWD"] == str(current)
    assert f"{public}/releases/1" in engineroom.run("folder", "list")


def runs_in(made: BackgroundProcess, folder: Path) -> bool:
    found = set()
    for pid in made.running_pids():
        with contextlib.suppress(OSError):
            found.add(proc.working_directory(pid))
    return found == {folder}


def test_what_was_linked_before_there_was_a_list_is_allowed_once_and_that_is_said(
    engineroom: EngineroomServer, code: Path
) -> None:
    linked = engineroom.link(code)
    made = engineroom.api.create(linked.instance, type="custom", processes=1, command="sleep 600")
    [pid] = made.wait_until_running(1)
    engineroom.stop()
    (engineroom.data / "keeper" / "allowed.json").unlink()

    engineroom.start()
    assert '"action": "folder.allowed"' in engineroom.output()
    proc.kill(pid)
    other_api = engineroom.api.get(f"/api/environments/{linked.environment}")["data"]["id"]
    assert other_api == linked.environment

    def again() -> bool:
        path = f"/api/background-processes/{made.id}/processes"
        return [one["attributes"]["pid"] for one in engineroom.api.get(path)["data"]] not in (
            [],
            [None],
            [pid],
        )

    wait_until("it runs again", again)
