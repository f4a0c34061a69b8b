"""Starting programs, and saying why one cannot be started."""

import contextlib
import errno
import os
import pwd
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engineroom.keeper.launch import posix_spawn, user
from engineroom.keeper.launch.allowed import WorkingFolder
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.launch.spawn import launch
from engineroom.keeper.processes.process import Spec

PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(autouse=True, params=["as is best", "by a fork"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of starting a program do the same."""
    if request.param == "by a fork":
        monkeypatch.setattr(posix_spawn, "spawn", lambda *_, **__: None)
    return str(request.param)


@pytest.fixture(autouse=True)
def _in_the_root_folder() -> Iterator[None]:
    """The keeper lives there, and `launch` goes back there; the tests go back to where they were."""
    before = Path.cwd()
    os.chdir("/")
    yield
    os.chdir(before)


def a_spec(argv: list[str], folder: Path, environment: Mapping[str, str], **changes: Any) -> Spec:
    spec = Spec(
        id="a",
        argv=argv,
        working_directory=str(folder),
        environment=dict(environment),
        signal_group=False,
        labels={},
    )
    return spec._replace(**changes)


def place_of(spec: Spec) -> WorkingFolder:
    """Return its folder as it may be entered by its user, to whomever it belongs."""
    owners = {os.geteuid()}
    with contextlib.suppress(OSError, ValueError):
        owners.add(Path(spec.working_directory).stat().st_uid)
    return WorkingFolder(spec.working_directory, user.find(spec.user), frozenset(owners))


def started(argv: list[str], folder: Path, environment: Mapping[str, str] = PATH, **changes: Any) -> int:
    spec = a_spec(argv, folder, environment, **changes)
    launched = launch(spec, place_of(spec), environment, str(folder / "out"), str(folder / "err"))
    launched.finish()
    return launched.pid


def finished(
    argv: list[str], folder: Path, environment: Mapping[str, str] = PATH, **changes: Any
) -> tuple[int, str]:
    """Return the exit code of the program and what it printed."""
    _, status = os.waitpid(started(argv, folder, environment, **changes), 0)
    return os.waitstatus_to_exitcode(status), (folder / "out").read_text()


def failure(
    argv: list[str], folder: Path, environment: Mapping[str, str] = PATH, **changes: Any
) -> tuple[int, str]:
    spec = a_spec(argv, folder, environment, **changes)
    with pytest.raises(LaunchError) as caught:
        launch(spec, place_of(spec), environment, os.devnull, os.devnull).finish()
    assert Path.cwd() == Path("/")
    return caught.value.error_number, caught.value.path


def script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_output_is_appended_and_for_the_owner_alone(tmp_path: Path) -> None:
    for _ in range(2):
        assert finished(["sh", "-c", "echo out; echo err >&2"], tmp_path)[0] == 0
    assert (tmp_path / "out").read_text() == "out\n" * 2
    assert (tmp_path / "err").read_text() == "err\n" * 2
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_one_that_hangs_before_it_is_executed_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way != "by a fork":
        return
    monkeypatch.setattr("engineroom.keeper.launch.spawn._MAX_START_SECONDS", 0.01)
    os.mkfifo(tmp_path / "out")  # nobody reads it, so that it cannot be opened
    spec = a_spec(["true"], tmp_path, PATH)
    launched = launch(spec, place_of(spec), PATH, str(tmp_path / "out"), os.devnull)
    with pytest.raises(LaunchError) as caught:
        launched.finish()
    assert caught.value.error_number == errno.ETIME
    _, status = os.waitpid(launched.pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def test_for_the_own_user_no_copy_of_the_keeper_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def fork(cell: str | None) -> int:
        raise OSError(errno.EAGAIN, f"forked for {cell}")

    monkeypatch.setattr("engineroom.keeper.launch.spawn.fork", fork)
    if way == "by a fork":
        assert failure(["true"], tmp_path) == (errno.EAGAIN, "fork")
    else:
        assert finished(["true"], tmp_path)[0] == 0


def test_a_cgroup_that_lets_nobody_in_is_why_nothing_starts_and_makes_no_second_keeper(
    tmp_path: Path,
) -> None:
    cell = tmp_path / "cell"
    (cell / "cgroup.procs").mkdir(parents=True)
    spec = a_spec(["true"], tmp_path, PATH)
    with pytest.raises(LaunchError) as caught:
        launch(spec, place_of(spec), PATH, os.devnull, os.devnull, cell=str(cell)).finish()
    assert (caught.value.error_number, caught.value.path) == (errno.EISDIR, str(cell))


def test_no_signal_that_the_keeper_ignores_or_blocks_is_so_for_the_child(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    try:
        code, out = finished(["sh", "-c", "grep -E 'Sig(Blk|Ign)' /proc/self/status"], tmp_path)
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
    assert code == 0
    blocked, ignored = (int(line.split()[1], 16) for line in out.splitlines())
    # The C library ignores two of its own for the child, which are nobody else's.
    assert (blocked, [number for number in signal.valid_signals() if ignored >> number - 1 & 1]) == (0, [])


def test_it_runs_in_its_folder_and_the_keeper_stays_in_its_own(tmp_path: Path) -> None:
    assert finished(["pwd"], tmp_path) == (0, f"{tmp_path}\n")
    assert Path.cwd() == Path("/")


def test_a_name_without_a_slash_is_looked_up_in_the_path_of_the_child(tmp_path: Path) -> None:
    script(tmp_path / "first" / "work", "#!/bin/sh\necho first\n", 0o644)
    (tmp_path / "second" / "work").mkdir(parents=True)
    script(tmp_path / "third" / "work", "#!/bin/sh\necho third\n")
    path = ":".join(str(tmp_path / name) for name in ("missing", "first", "second", "third"))
    assert finished(["work"], tmp_path, {"PATH": path}) == (0, "third\n")


def test_without_a_path_the_usual_one_is_taken(tmp_path: Path) -> None:
    assert finished(["true"], tmp_path, {})[0] == 0


def test_an_empty_entry_of_the_path_is_the_folder_of_the_child(tmp_path: Path) -> None:
    script(tmp_path / "work", "#!/bin/sh\necho here\n")
    assert finished(["work"], tmp_path, {"PATH": "/nowhere::"}) == (0, "here\n")


def test_a_relative_program_is_found_from_the_folder_of_the_child(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "work", "#!/bin/sh\necho here\n")
    assert finished(["bin/work"], tmp_path) == (0, "here\n")
    assert failure(["bin/other"], tmp_path) == (errno.ENOENT, str(tmp_path / "bin/other"))


def test_a_program_that_is_nowhere_in_the_path(tmp_path: Path) -> None:
    assert failure(["no-such-program"], tmp_path) == (errno.ENOENT, "no-such-program (in /usr/bin:/bin)")


@pytest.mark.parametrize("letter", ["x", "\U0001f600"])
def test_of_an_endless_name_the_beginning_is_told(tmp_path: Path, letter: str) -> None:
    number, told = failure([letter * 100_000], tmp_path)
    assert (number, set(told)) == (errno.ENOENT, {letter})
    assert failure(["true"], tmp_path, {"PATH": letter * 100_000})[0] == errno.ENOENT


@pytest.mark.parametrize("name", ["", "."])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    assert failure([name], tmp_path)[0] == errno.ENOENT


def test_a_program_that_is_in_the_path_but_not_executable(tmp_path: Path) -> None:
    found = script(tmp_path / "bin" / "work", "#!/bin/sh\n", 0o644)
    assert failure(["work"], tmp_path, {"PATH": str(tmp_path / "bin")}) == (errno.EACCES, str(found))


def test_a_path_that_is_not_executable(tmp_path: Path) -> None:
    found = script(tmp_path / "work", "#!/bin/sh\n", 0o644)
    assert failure([str(found)], tmp_path) == (errno.EACCES, str(found))


def test_a_folder_instead_of_a_program(tmp_path: Path) -> None:
    assert failure([str(tmp_path)], tmp_path) == (errno.EACCES, str(tmp_path))


def test_a_script_whose_interpreter_is_missing(tmp_path: Path) -> None:
    found = script(tmp_path / "work", "#!/opt/no/such/python -u\n")
    expected = f"/opt/no/such/python (the interpreter of {found})"
    assert failure(["./work"], tmp_path) == (errno.ENOENT, expected)


def test_a_script_without_an_interpreter(tmp_path: Path) -> None:
    found = script(tmp_path / "work", "echo hello\n")
    assert failure([str(found)], tmp_path) == (errno.ENOEXEC, str(found))


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    assert failure(["true"], tmp_path / "gone") == (errno.ENOENT, str(tmp_path / "gone"))


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert failure(["true"], tmp_path / "file") == (errno.ENOTDIR, str(tmp_path / "file"))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_program_can_be_given(tmp_path: Path, text: str) -> None:
    assert failure(["true", text], tmp_path)[0] == errno.EINVAL
    assert failure(["true"], tmp_path, {**PATH, "NAME": text})[0] == errno.EINVAL
    assert failure(["true"], tmp_path, {**PATH, text: "value"})[0] == errno.EINVAL
    assert failure(["true"], Path(f"{tmp_path}/{text}"))[0] == errno.EINVAL


def test_a_variable_without_a_proper_name(tmp_path: Path) -> None:
    assert failure(["true"], tmp_path, {**PATH, "A=B": "value"})[0] == errno.EINVAL


def test_arguments_that_are_too_long(tmp_path: Path) -> None:
    assert failure(["true", "x" * 200_000], tmp_path)[0] == errno.E2BIG


def test_it_leads_a_session_and_a_group(tmp_path: Path) -> None:
    pid = started(["sleep", "600"], tmp_path)
    try:
        assert (os.getsid(pid), os.getpgid(pid)) == (pid, pid)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def test_new_files_have_the_mode_that_its_umask_leaves(tmp_path: Path) -> None:
    assert finished(["touch", "made"], tmp_path, umask=0o027)[0] == 0
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o640


WHO_AM_I = ["sh", "-c", "id -u; id -g; id -G; grep CapEff /proc/self/status; echo $HOME $USER"]


@pytest.mark.needs("root")
def test_it_runs_as_its_user_with_his_groups_and_no_more_rights(public: Path) -> None:
    games = pwd.getpwnam("games")
    groups = " ".join(map(str, os.getgrouplist("games", games.pw_gid)))
    expected = f"{games.pw_uid}\n{games.pw_gid}\n{groups}\nCapEff:\t{'0' * 16}\n{games.pw_dir} games\n"
    assert finished(WHO_AM_I, public, user="games") == (0, expected)
    (public / "out").unlink()
    assert finished(WHO_AM_I, public, user=str(games.pw_uid)) == (0, expected)


@pytest.mark.needs("root")
def test_only_the_mode_of_a_file_is_changed_for_whom_it_runs_as(public: Path) -> None:
    before = Path(os.devnull).stat().st_mode
    failure(["no-such-program"], public, user="games")
    assert Path(os.devnull).stat().st_mode == before


@pytest.mark.parametrize("name", ["no-such-user", "no\0such", "\ud800"])
def test_a_user_that_nobody_is(tmp_path: Path, name: str) -> None:
    assert failure(["true"], tmp_path, user=name) == (errno.ENOENT, f"user {name}")


def test_without_descriptors_that_is_why_it_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(flags: int) -> tuple[int, int]:
        raise OSError(errno.EMFILE, f"{flags}")

    monkeypatch.setattr(posix_spawn, "spawn", lambda *_, **__: None)
    monkeypatch.setattr(os, "pipe2", none_left)
    assert failure(["true"], tmp_path) == (errno.EMFILE, "pipe")


def test_variables_of_its_own_come_before_those_of_its_user(tmp_path: Path) -> None:
    assert finished(["sh", "-c", "echo $HOME"], tmp_path, {**PATH, "HOME": "/mine"}) == (0, "/mine\n")


@pytest.mark.needs("root")
def test_a_user_that_may_not_enter_the_folder_or_execute_the_program(public: Path) -> None:
    private = public / "private"
    private.mkdir(mode=0o700)
    assert failure(["true"], private, user="nobody") == (errno.EACCES, str(private))
    program = script(private / "work", "#!/bin/sh\n")
    assert failure([str(program)], public, user="nobody") == (errno.EACCES, str(program))


@pytest.mark.needs("root")
def test_what_it_prints_stays_for_the_keeper_alone(public: Path) -> None:
    assert finished(["sh", "-c", "echo hello; cat out"], public, user="nobody") == (1, "hello\n")
    read_back = "echo hello; cat /dev/stdout"
    assert finished(["sh", "-c", read_back], public, user="nobody") == (1, "hello\nhello\n")
    assert finished(
        ["sh", "-c", "chmod 666 /proc/self/fd/1 || ln -L /proc/self/fd/1 mine"], public, user="nobody"
    )[0]


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    "command",
    [
        "echo one; echo two >> /dev/stdout",
        "echo one; echo two | tee -a /proc/$$/fd/1 > /dev/null",
        "echo one; echo two >> /proc/self/fd/1",
        "echo one; sh -c 'sh -c \"echo two >> /dev/stdout\"'",
        "echo lost; printf 'one\\ntwo\\n' > /dev/stdout",
        """php -r 'echo "one\n"; file_put_contents("php://stdout", "two\n");'""",
    ],
)
def test_whoever_prints_can_open_its_output_anew(public: Path, command: str) -> None:
    assert finished(["sh", "-c", command], public, user="nobody") == (0, "one\ntwo\n")


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    "command", ["echo to stderr >> /dev/stderr", "echo to stderr | tee -a /proc/self/fd/2"]
)
def test_whoever_prints_can_open_its_errors_anew(public: Path, command: str) -> None:
    assert finished(["sh", "-c", command], public, user="nobody")[0] == 0
    assert (public / "err").read_text() == "to stderr\n"
