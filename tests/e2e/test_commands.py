"""A command runs as its owner wrote it: in its folder, with its variables, directly or through a shell."""

from pathlib import Path

from tests.support import proc
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until


def test_environment_variables_and_the_working_directory_reach_the_process(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code, GREETING="good morning = bonjour", EMPTY="").instance
    sleeper = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=1)

    [pid] = sleeper.wait_until_running(1)

    variables = proc.environment(pid)
    assert variables["GREETING"] == "good morning = bonjour"
    assert variables["EMPTY"] == ""
    assert proc.working_directory(pid) == code


def test_a_command_of_plain_words_is_spawned_directly_split_as_a_shell_would(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    (code / "two words").touch()
    (code / "plain").touch()
    command = "tail -f 'two words' \"plain\""
    direct = engineroom.api.create(instance, type="custom", command=command, processes=1)

    [pid] = direct.wait_until_running(1)

    wait_until("the program runs", lambda: proc.argv(pid) == ["tail", "-f", "two words", "plain"])
    assert engineroom.user_pids() == {pid}


def test_shell_syntax_goes_through_sh_and_what_the_shell_started_is_stopped_too(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code, GREETING="hello").instance
    command = 'echo "$GREETING" > greeted.txt && sleep 1001 & sleep 1002; true'
    shell = engineroom.api.create(instance, type="custom", command=command, processes=1)
    [pid] = shell.wait_until_running(1)
    assert Path(proc.argv(pid)[0]).name == "sh"

    def sleepers() -> list[list[str]]:
        return sorted(
            proc.argv(child) for child in engineroom.user_pids() if proc.argv(child)[:1] == ["sleep"]
        )

    wait_until("both sleepers run", lambda: sleepers() == [["sleep", "1001"], ["sleep", "1002"]])
    assert (code / "greeted.txt").read_text() == "hello\n"

    shell.delete()

    wait_until("nothing of it is left", lambda: engineroom.user_pids() == set())


def test_a_grandchild_that_outlives_its_parent_is_stopped_with_it(
    engineroom: EngineroomServer, code: Path
) -> None:
    (code / "parent.sh").write_text("sleep 1001 &\necho $! > child.txt\nexec sleep 1002\n")
    instance = engineroom.link(code).instance
    parent = engineroom.api.create(instance, type="custom", command="sh parent.sh", processes=1)
    parent.wait_until_running(1)
    wait_until("parent and child sleep", lambda: len(engineroom.user_pids()) == 2)

    parent.delete()

    wait_until("nothing of it is left", lambda: engineroom.user_pids() == set())
