"""What may run where, and as whom, is what was allowed on the host, however folders and links are changed later."""

import errno
import json
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engineroom.keeper.launch import folder_walk, posix_spawn
from engineroom.keeper.launch.allowed import FILE_NAME, AllowList, WorkingFolder
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.launch.spawn import launch
from engineroom.keeper.processes.process import Spec
from engineroom.runtime.local.folders import AllowedFolders, allowed_folder
from tests.keeper.running_keeper import RunningKeeper
from tests.support.allowed import ORGANIZATION
from tests.support.other_user import as_user

ALICE, BOB, STRANGER = 12345, 12346, 12347
WHO_AM_I = ["sh", "-c", "id -u; pwd -P; echo $PWD"]

pytestmark = pytest.mark.needs("root")


@pytest.fixture(autouse=True, params=["as is best", "by a fork"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "by a fork":
        monkeypatch.setattr(posix_spawn, "spawn", lambda *_, **__: None)
    before = Path.cwd()
    os.chdir("/")
    yield
    os.chdir(before)


def folder_of(path: Path, uid: int, mode: int = 0o755) -> Path:
    path.mkdir()
    path.chmod(mode)
    os.chown(path, uid, uid)
    return path


def link_of(path: Path, to: Path | str, uid: int) -> Path:
    path.symlink_to(to)
    os.chown(path, uid, uid, follow_symlinks=False)
    return path


@pytest.fixture
def home(public: Path) -> Path:
    """Alice's home, in which she may do what she likes."""
    return folder_of(public / "alice", ALICE)


@pytest.fixture
def keeper_folder(tmp_path: Path) -> Path:
    return tmp_path / "keeper"


def allow(keeper: Path, path: Path, user: str | None = None) -> None:
    AllowedFolders(keeper).add([allowed_folder(str(path), ORGANIZATION, user=user)])


def ran(keeper: Path, path: Path | str, output: Path, who: str | None = ".") -> list[str]:
    """Return what a program prints that says who it is and where. Raises LaunchError."""
    spec = Spec("a", WHO_AM_I, str(path), {}, signal_group=False, labels={}, user=who)
    place = AllowList(keeper).place(who, str(path))
    output.unlink(missing_ok=True)
    launched = launch(spec, place, {"PATH": "/usr/bin:/bin"}, str(output), os.devnull)
    launched.finish()
    _, status = os.waitpid(launched.pid, 0)
    assert status == 0
    return output.read_text().splitlines()


def refused(keeper: Path, path: Path | str, output: Path, who: str | None = ".") -> str:
    with pytest.raises(LaunchError) as caught:
        ran(keeper, path, output, who)
    assert caught.value.error_number == errno.EPERM
    return caught.value.path


def test_what_was_not_allowed_does_not_run(keeper_folder: Path, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "engineroom folder allow" in refused(keeper_folder, home, out)
    allow(keeper_folder, home)
    assert ran(keeper_folder, home, out) == [str(ALICE), str(home), str(home)]
    for path in (home.parent, f"{home}x", f"{home}/../alice", f"{home}/..", "alice", "", "/"):
        assert "not allowed" in refused(keeper_folder, path, out)


def test_a_folder_inside_one_that_was_allowed_is_too(keeper_folder: Path, home: Path, tmp_path: Path) -> None:
    allow(keeper_folder, home)
    inside = folder_of(home / "app", ALICE)
    assert ran(keeper_folder, inside, tmp_path / "out")[:2] == [str(ALICE), str(inside)]


@pytest.mark.parametrize("who", ["0", "root", str(BOB), "nobody", None])
def test_nobody_runs_there_whom_it_was_not_allowed_to(
    keeper_folder: Path, home: Path, tmp_path: Path, who: str | None
) -> None:
    allow(keeper_folder, home)
    assert "not allowed" in refused(keeper_folder, home, tmp_path / "out", who)


def test_another_user_than_the_owner_may_be_chosen(keeper_folder: Path, home: Path, tmp_path: Path) -> None:
    allow(keeper_folder, home, "nobody")
    nobody = str(pwd.getpwnam("nobody").pw_uid)
    for who in (".", "nobody", nobody):
        assert ran(keeper_folder, home, tmp_path / "out", who)[0] == nobody


def test_of_two_users_of_one_folder_it_must_be_said_which(
    keeper_folder: Path, home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    allow(keeper_folder, home)
    allow(keeper_folder, home, "nobody")
    assert "several users" in refused(keeper_folder, home, out)
    assert ran(keeper_folder, home, out, str(ALICE))[0] == str(ALICE)


def test_the_innermost_folder_says_who_runs_there(keeper_folder: Path, public: Path, tmp_path: Path) -> None:
    app = folder_of(public / "app", BOB)
    allow(keeper_folder, public, "nobody")
    allow(keeper_folder, app)
    assert ran(keeper_folder, app, tmp_path / "out")[0] == str(BOB)


def a_link(app: Path, bobs: Path) -> None:
    link_of(app, bobs, ALICE)


def a_way_of_dots(app: Path, bobs: Path) -> None:
    link_of(app, f"../{bobs.name}/./../{bobs.name}", ALICE)


def a_link_to_a_link(app: Path, bobs: Path) -> None:
    link_of(app, link_of(app.with_name("between"), bobs, ALICE), ALICE)


def the_folder_itself(app: Path, bobs: Path) -> None:
    bobs.rename(app)


def a_folder_that_was_given_away(app: Path, bobs: Path) -> None:
    folder_of(app, bobs.stat().st_uid)


SWAPS = [a_link, a_way_of_dots, a_link_to_a_link, the_folder_itself, a_folder_that_was_given_away]


@pytest.mark.parametrize("owner", [BOB, 0, pwd.getpwnam("games").pw_uid])
@pytest.mark.parametrize("swap", SWAPS)
def test_a_folder_that_is_swapped_for_another_users_gives_nobody_his_rights(
    keeper_folder: Path, home: Path, tmp_path: Path, swap: Callable[[Path, Path], None], owner: int
) -> None:
    """Bob may be root, or a user that services run as."""
    app = folder_of(home / "app", ALICE)
    allow(keeper_folder, app)
    bobs = folder_of(home.parent / "bobs", owner)
    app.rename(home / "away")
    swap(app, bobs)
    told = refused(keeper_folder, app, tmp_path / "out")
    assert "when it was allowed" in told or "could have it lead elsewhere" in told


def test_a_step_on_the_way_that_is_swapped_leads_nowhere_else(
    keeper_folder: Path, home: Path, tmp_path: Path
) -> None:
    """Bob's folder is in Alice's; she could have the way to it lead to any other folder of his."""
    out = tmp_path / "out"
    shared = folder_of(home / "shared", ALICE)
    app = folder_of(shared / "app", BOB)
    allow(keeper_folder, app)
    assert "could have it lead elsewhere" in refused(keeper_folder, app, out)
    secret = folder_of(home.parent / "bobs", BOB)
    folder_of(secret / "app", BOB)
    shared.rename(home / "away")
    for target in (secret, f"../{secret.name}"):
        link_of(shared, target, ALICE)
        assert "could have it lead elsewhere" in refused(keeper_folder, app, out)
        shared.unlink()


def test_a_link_of_somebody_elses_on_the_way_is_not_followed(
    keeper_folder: Path, home: Path, tmp_path: Path
) -> None:
    bobs = folder_of(home.parent / "bobs", BOB)
    for name, target in (("last", bobs), ("dots", f"../alice/../{bobs.name}")):
        way_there = link_of(home / name, target, ALICE)
        allow(keeper_folder, way_there)
        assert "belongs to user 12345" in refused(keeper_folder, way_there, tmp_path / "out")
    open_to_all = folder_of(home.parent / "open", 0, 0o777)
    app = folder_of(open_to_all / "app", BOB)
    allow(keeper_folder, app)
    assert "everybody may write" in refused(keeper_folder, app, tmp_path / "out")
    open_to_all.chmod(0o1777)
    assert ran(keeper_folder, app, tmp_path / "out")[0] == str(BOB)


def test_who_leads_to_a_folder_of_roots_does_not_get_roots_rights(
    keeper_folder: Path, home: Path, tmp_path: Path
) -> None:
    out, rights = tmp_path / "out", folder_of(home.parent / "rights", 0)
    ways = [
        link_of(home / "app", rights, ALICE),
        link_of(home.parent / "there", "alice/../alice/app", 0),
        folder_of(home / "roots", 0),
    ]
    for each in ways:
        allow(keeper_folder, each)
        assert "could have it lead elsewhere" in refused(keeper_folder, each, out)
    mine = link_of(home.parent / "mine", "rights", 0)
    allow(keeper_folder, mine)
    assert ran(keeper_folder, mine, out) == ["0", str(rights), str(mine)]


def test_links_without_an_end_end(keeper_folder: Path, home: Path, tmp_path: Path) -> None:
    allow(keeper_folder, home)
    link_of(home / "loop", "loop", ALICE)
    with pytest.raises(LaunchError) as caught:
        ran(keeper_folder, home / "loop", tmp_path / "out")
    assert caught.value.error_number == errno.ELOOP


def test_a_link_such_as_current_is_followed_anew_at_each_start(
    keeper_folder: Path, home: Path, tmp_path: Path
) -> None:
    releases = folder_of(home / "releases", ALICE)
    current = home / "current"
    first, second = (folder_of(releases / name, ALICE) for name in ("1", "2"))
    link_of(current, "releases/1", ALICE)
    allow(keeper_folder, current)
    assert ran(keeper_folder, current, tmp_path / "out") == [str(ALICE), str(first), str(current)]
    link_of(home / "next", "releases/2", ALICE).rename(current)
    assert ran(keeper_folder, current, tmp_path / "out") == [str(ALICE), str(second), str(current)]


def test_what_is_swapped_between_the_look_and_the_use_was_looked_at(
    keeper_folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = folder_of(home / "app", ALICE)
    (app / "alices").touch()
    bobs = folder_of(home.parent / "bobs", BOB)
    allow(keeper_folder, app)
    place = AllowList(keeper_folder).place(".", str(app))
    check = folder_walk._check_end

    def swap_and_check(place: WorkingFolder, facts: os.stat_result) -> None:
        app.rename(home / "away")
        link_of(app, bobs, ALICE)
        check(place, facts)

    monkeypatch.setattr(folder_walk, "_check_end", swap_and_check)
    entered = folder_walk.enter(place)
    assert [path.name for path in Path(f"/proc/self/fd/{entered}").iterdir()] == ["alices"]
    os.close(entered)


def test_no_descriptor_is_left_of_a_way_that_was_refused(keeper_folder: Path, home: Path) -> None:
    allow(keeper_folder, home)
    link_of(home / "loop", "loop", ALICE)
    place = AllowList(keeper_folder).place(".", str(home / "loop"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(LaunchError):
            folder_walk.enter(place)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("harm", ["written by others", "another's", "a link", "no JSON", "of wrong types"])
def test_a_list_that_others_could_have_written_allows_nothing(
    keeper_folder: Path, home: Path, tmp_path: Path, harm: str
) -> None:
    allow(keeper_folder, home)
    file = keeper_folder / FILE_NAME
    match harm:
        case "written by others":
            file.chmod(0o666)
        case "another's":
            os.chown(file, STRANGER, STRANGER)
        case "a link":
            file.rename(tmp_path / "elsewhere")
            file.symlink_to(tmp_path / "elsewhere")
        case "no JSON":
            file.write_text("[" * 100_000)
        case _:
            file.write_text(
                json.dumps({"folders": [{"path": str(home), "uid": "0", "gid": 0, "owners": [0]}]})
            )
    assert str(file) in refused(keeper_folder, home, tmp_path / "out")


def test_the_list_is_for_the_keepers_user_alone(keeper_folder: Path, home: Path) -> None:
    allow(keeper_folder, home)
    file = keeper_folder / FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert not as_user(ALICE, lambda: os.access(file, os.R_OK))


def test_a_keeper_says_why_it_does_not_start_something_and_starts_it_when_it_is_allowed(
    keeper: RunningKeeper, home: Path
) -> None:
    app = folder_of(home / "app", ALICE)
    keeper.call("start", processes=[keeper.spec("a", "sleep", "600", working_directory=str(app), user=".")])
    told = keeper.wait("a", "backs off", lambda process: process["state"] == "backing_off")
    assert "could have it lead elsewhere" in told["last_exit"]["path"], (
        "it is in /, which is allowed to the tests' user"
    )
    allow(keeper.folder, app)
    pid = keeper.running("a")
    assert Path(f"/proc/{pid}").stat().st_uid == ALICE
