"""A real keeper keeps real processes: it starts, restarts and ends them."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from tests.keeper.running_keeper import RunningKeeper, running_keeper
from tests.support import proc
from tests.support.waiting import wait_until

SLEEP = ("sleep", "600")
IGNORES_TERM = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")


def children(pid: int) -> list[int]:
    return [other for other in proc.everyone() if proc.parent(other) == pid and proc.is_alive(other)]


def test_a_process_gets_its_folder_its_variables_and_a_session_of_its_own(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder, with blanks"
    folder.mkdir()
    variables = {"PATH": "/usr/bin:/bin", "GREETING": "hello\nworld"}
    pid = keeper.run("a", *SLEEP, working_directory=str(folder), environment=variables)
    assert proc.argv(pid) == [*SLEEP]
    assert proc.working_directory(pid) == folder
    environment = proc.environment(pid)
    assert {**environment, **variables} == environment
    assert environment["ENGINEROOM_PROCESS"] == keeper.id("a")
    assert os.getsid(pid) == pid
    assert os.getpgid(pid) == pid
    opened = Path(f"/proc/{pid}/fd")
    # What a program opens while it begins, such as a library, it closes; what it has inherited would stay.
    wait_until(
        "it has nothing of the keeper's",
        lambda: {entry.name for entry in opened.iterdir()} == {"0", "1", "2"},
    )
    assert str((opened / "0").readlink()) == "/dev/null"


def test_it_inherits_nothing_that_the_keeper_was_left_by_who_started_it(tmp_path: Path) -> None:
    leaving_it_open = ("sh", "-c", f'exec 7>{tmp_path}/lock; exec "$@"', "sh")
    with running_keeper(tmp_path / "keeper", leaving_it_open) as keeper:
        opened = Path(f"/proc/{keeper.run('a', *SLEEP)}/fd")
        wait_until(
            "it has but its own",
            lambda: {entry.name for entry in opened.iterdir()} == {"0", "1", "2"},
        )


def test_signals_that_were_blocked_when_the_keeper_was_started_reach_it_all_the_same(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    with running_keeper(tmp_path / "keeper", (sys.executable, "-c", code)) as keeper:
        pid = keeper.run("a", *SLEEP)
        proc.kill(pid)
        keeper.running("a", other_than=pid)
        keeper.end(signal.SIGTERM)
        keeper.start()


def test_no_signal_is_ignored_or_blocked_at_birth(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    ignored, blocked = int(status["SigIgn"], 16), int(status["SigBlk"], 16)
    assert [number for number in signal.valid_signals() if ignored >> (number - 1) & 1] == []
    assert blocked == 0


def test_what_it_prints_is_appended_to_its_files(keeper: RunningKeeper) -> None:
    keeper.run("a", "sh", "-c", "echo out; echo err >&2; exec sleep 600")
    wait_until("both are written", lambda: keeper.output("a", "stderr") == b"err\n")
    assert keeper.output("a") == b"out\n"
    keeper.stop("a")
    keeper.gone("a")
    upto = {f"{keeper.id('a')}.{stream}": 1000 for stream in ("stdout", "stderr")}
    keeper.call("acknowledge_output", upto=upto)
    assert list((keeper.folder / "spool").iterdir()) == []
    assert list((keeper.folder / "marks").iterdir()) == []


def test_the_same_spec_again_changes_nothing(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    assert keeper.run("a", "sleep", "1") == pid
    assert keeper.living() == [pid]


def test_one_that_was_killed_runs_again_at_once(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    proc.kill(pid)
    keeper.running("a", other_than=pid)
    found = keeper.processes()[keeper.id("a")]
    assert found["restarts"] == 1
    assert found["last_exit"]["signal"] == signal.SIGKILL
    assert found["last_exit"]["code"] is None
    assert found["last_exit"]["asked"] is False
    assert not found["crash_looping"]
    exited = [event for event in keeper.events("a") if event["event"] == "exited"]
    assert [event["process"]["state"] for event in exited] == ["starting"]


def test_one_that_keeps_dying_young_backs_off_and_is_shown_as_crash_looping(keeper: RunningKeeper) -> None:
    keeper.call("start", processes=[keeper.spec("a", "sh", "-c", "exit 3")])
    second = keeper.wait("a", "backs off", lambda process: process["state"] == "backing_off")
    assert second["restarts"] == 1
    assert not second["crash_looping"]
    assert second["last_exit"]["code"] == 3
    assert 0.5 < second["due_at"] - second["last_exit"]["at"] <= 1.01
    third = keeper.wait("a", "crash-loops", lambda process: process["crash_looping"])
    assert third["young_deaths"] == 3
    assert third["state"] == "backing_off"
    assert 1.4 < third["due_at"] - third["last_exit"]["at"] <= 2.01
    keeper.stop("a")
    keeper.gone("a")


def test_one_that_ends_as_it_should_starts_again_at_once_and_is_not_crash_looping(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    lives = tmp_path / "lives"
    body = f"echo >> {lives}; [ $(wc -l < {lives}) -lt 9 ] || exec sleep 600; sleep 0.3; exit 12"
    keeper.call("start", processes=[keeper.spec("a", "sh", "-c", body, expected_exit_codes=[0, 12])])
    ninth = keeper.wait("a", "lives on", lambda process: process["restarts"] == 8)
    assert ninth["last_exit"]["code"] == 12
    assert ninth["last_exit"]["expected"]
    exits = [event for event in keeper.events("a") if event["event"].startswith("exited")]
    assert [event["event"] for event in exits] == ["exited"] * 8
    assert not any(event["process"]["crash_looping"] or event["process"]["tight_loop"] for event in exits)


def test_one_that_ends_at_once_again_and_again_is_slowed_and_said_to_be_in_a_tight_loop(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    body = f"[ -e {work} ] && exec sleep 600; exit 0"
    keeper.call("start", processes=[keeper.spec("a", "sh", "-c", body)])
    slowed = keeper.wait("a", "is slowed", lambda process: process["tight_loop"] and process["due_at"])
    assert slowed["state"] == "backing_off"
    assert not slowed["crash_looping"]
    assert 0.9 < slowed["due_at"] - slowed["last_exit"]["at"] <= 1.01
    work.touch()
    keeper.running("a")
    worked = keeper.wait("a", "has forgotten it", lambda process: not process["tight_loop"])
    assert worked["state"] == "running"


def test_a_spec_with_exit_codes_that_no_process_can_end_with_is_refused(keeper: RunningKeeper) -> None:
    for wrong in ([256], [-1], ["0"], 0, [True]):
        spec = keeper.spec("a", *SLEEP, expected_exit_codes=wrong)
        with keeper.client() as client:
            assert "expected_exit_codes" in client.ask("start", processes=[spec])["error"]


def test_a_program_that_is_not_there_is_tried_until_it_is(keeper: RunningKeeper, tmp_path: Path) -> None:
    program = tmp_path / "worker"
    keeper.call("start", processes=[keeper.spec("a", str(program))])
    failed = keeper.wait("a", "backs off", lambda process: process["restarts"] == 1)
    assert failed["state"] == "backing_off"
    assert failed["last_exit"]["path"] == str(program)
    assert failed["pid"] is None
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    pid = keeper.running("a")
    wait_until("it has become the program", lambda: proc.argv(pid) == [*SLEEP])


def test_a_stop_is_a_term_and_waits(keeper: RunningKeeper, tmp_path: Path) -> None:
    done = tmp_path / "done"
    body = f"trap 'sleep 0.3; touch {done}; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
    keeper.run("a", "sh", "-c", body)
    wait_until("it listens for TERM", lambda: keeper.output("a") == b"ready\n")
    keeper.stop("a", timeout_seconds=30)
    draining = keeper.processes()[keeper.id("a")]
    assert draining["state"] == "draining"
    assert draining["due_at"] is not None
    keeper.gone("a")
    assert done.exists()
    assert [event["event"] for event in keeper.events("a")][-3:] == ["stop_asked", "exited", "emptied"]
    assert keeper.events("a")[-1]["process"]["last_exit"]["asked"] is True


def test_one_that_ignores_term_is_killed_when_its_time_is_up(keeper: RunningKeeper) -> None:
    keeper.run("a", *IGNORES_TERM)
    wait_until("it ignores TERM", lambda: keeper.output("a") == b"ready\n")
    keeper.stop("a", timeout_seconds=0.3)
    keeper.gone("a")
    told = keeper.events("a")
    assert [event["event"] for event in told] == ["started", "stop_asked", "time_up", "exited", "emptied"]
    assert told[2]["at"] - told[1]["at"] >= 0.29
    assert told[-1]["process"]["last_exit"]["signal"] == signal.SIGKILL


def test_a_forced_stop_does_not_wait(keeper: RunningKeeper) -> None:
    keeper.run("a", *IGNORES_TERM)
    keeper.stop("a", timeout_seconds=600, force=True)
    keeper.gone("a")


def test_a_draining_one_can_still_be_forced(keeper: RunningKeeper) -> None:
    keeper.run("a", *IGNORES_TERM)
    wait_until("it ignores TERM", lambda: keeper.output("a") == b"ready\n")
    keeper.stop("a", timeout_seconds=600)
    keeper.stop("a", timeout_seconds=600, force=True)
    keeper.gone("a")


def test_a_later_stop_may_shorten_the_time_but_not_lengthen_it(keeper: RunningKeeper) -> None:
    keeper.run("a", *IGNORES_TERM)
    wait_until("it ignores TERM", lambda: keeper.output("a") == b"ready\n")
    keeper.stop("a", timeout_seconds=600)
    keeper.stop("a", timeout_seconds=0.2)
    keeper.stop("a", timeout_seconds=600)
    keeper.gone("a")


def test_one_that_waits_for_its_next_start_is_gone_at_once_when_stopped(keeper: RunningKeeper) -> None:
    keeper.call("start", processes=[keeper.spec("a", "/no/such/program")])
    keeper.wait("a", "backs off", lambda process: process["state"] == "backing_off")
    keeper.stop("a", timeout_seconds=600)
    keeper.gone("a")


def test_a_shell_that_is_signalled_as_a_group_leaves_no_orphan(keeper: RunningKeeper) -> None:
    leader = keeper.run("a", "/bin/sh", "-c", "sleep 600; true", signal_group=True)
    wait_until("the shell has a child", lambda: children(leader))
    keeper.stop("a", timeout_seconds=30)
    keeper.gone("a")


def test_children_that_outlive_a_drained_leader_are_ended_too(keeper: RunningKeeper) -> None:
    body = "sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & echo ready; exec sleep 600"
    keeper.run("a", "sh", "-c", body)
    wait_until("leader and child live", lambda: len(keeper.living("a")) >= 2)
    keeper.stop("a", timeout_seconds=0.5)
    keeper.gone("a")


def test_when_a_leader_dies_unasked_its_children_are_ended_and_it_starts_again(keeper: RunningKeeper) -> None:
    leader = keeper.run("a", "sh", "-c", "sleep 600 & wait")
    (child,) = wait_until("the leader has a child", lambda: children(leader))
    os.kill(leader, signal.SIGKILL)
    successor = keeper.running("a", other_than=leader)
    wait_until("the orphan is gone", lambda: not proc.is_alive(child))
    assert proc.is_alive(successor)


def test_hundreds_start_and_stop(keeper: RunningKeeper) -> None:
    names = [f"p{number}" for number in range(100)]
    keeper.call("start", processes=[keeper.spec(name, *SLEEP) for name in names])
    wait_until("all run", lambda: all(found["state"] == "running" for found in keeper.processes().values()))
    assert len(keeper.living()) == 100
    keeper.call("stop", ids=[keeper.id(name) for name in names], timeout_seconds=10)
    wait_until("all are gone", lambda: not keeper.processes())
    assert keeper.living() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_keeper_that_is_told_to_end_leaves_everything_running(
    keeper: RunningKeeper, number: signal.Signals
) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.end(number)
    assert keeper.wait_for_end() == 0
    assert proc.is_alive(pid)
    keeper.start()
    assert keeper.running("a") == pid


def test_a_shutdown_drains_everything_and_ends_the_keeper(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    keeper.run("b", *IGNORES_TERM)
    keeper.call("start", processes=[keeper.spec("c", "/no/such/program")])
    with keeper.client() as client:
        client.call("shutdown", timeout_seconds=0.3)
        answer = client.ask("start", processes=[keeper.spec("d", *SLEEP)])
        assert "shutting down" in answer["error"]
    assert keeper.wait_for_end() == 0
    assert keeper.living() == []


def test_a_hangup_of_its_terminal_does_not_end_the_keeper(keeper: RunningKeeper) -> None:
    os.kill(keeper.pid, signal.SIGHUP)
    assert keeper.call("hello")["pid"] == keeper.pid


def test_many_clients_at_once_are_all_served(keeper: RunningKeeper) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.extend(keeper.call("hello")["pid"] for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [keeper.pid] * 80


def test_a_family_that_dies_of_one_cause_does_not_come_back_as_a_herd(keeper: RunningKeeper) -> None:
    names = [f"p{number}" for number in range(8)]
    pids = {name: keeper.run(name, *SLEEP, family="worker") for name in names}
    for pid in pids.values():
        proc.kill(pid)
    for name in names:
        keeper.running(name, other_than=pids[name])
    starts = sorted(found["started_at"] for found in keeper.processes().values())
    assert starts[-1] - starts[0] > 0.2, "eight of them are spread over up to 1.4 seconds"


def test_what_is_to_run_once_is_not_started_again_and_its_end_is_told(keeper: RunningKeeper) -> None:
    keeper.call("start", processes=[keeper.spec("a", "sh", "-c", "exit 7", once=True)])
    keeper.gone("a")
    *_, finished, emptied = keeper.events("a")

    assert (finished["event"], emptied["event"]) == ("finished", "emptied")
    assert emptied["process"]["last_exit"]["code"] == 7
    assert emptied["process"]["life"] == 1


def test_what_has_run_for_its_time_is_killed_with_all_that_it_started_and_is_over(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    body = "trap '' TERM; setsid sleep 600 & echo here; sleep 600"
    changes = {"once": True, "output_file": str(tmp_path / "printed"), "time_limit_seconds": 2.0}
    keeper.run("a", "sh", "-c", body, **changes)
    keeper.gone("a")
    told = keeper.events("a")
    assert [event["event"] for event in told] == ["started", "time_up", "exited", "emptied"]
    ended = told[-1]["process"]["last_exit"]
    assert (ended["signal"], ended["asked"]) == (signal.SIGKILL, False)
    assert ended["lived_seconds"] >= 2.0


def test_the_time_of_what_runs_goes_on_when_the_keeper_is_killed(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    changes = {"once": True, "output_file": str(tmp_path / "printed"), "time_limit_seconds": 3.0}
    keeper.run("a", *SLEEP, **changes)
    keeper.end(signal.SIGKILL)
    keeper.start()
    keeper.gone("a")
    assert "time_up" in [event["event"] for event in keeper.events("a")]


def test_what_is_to_run_once_and_cannot_be_started_is_over_too(keeper: RunningKeeper) -> None:
    keeper.call("start", processes=[keeper.spec("a", "/no/such/program", once=True)])
    keeper.gone("a")

    [finished, _] = keeper.events("a")
    assert finished["process"]["last_exit"]["path"] == "/no/such/program"


def test_a_flood_into_a_file_of_its_own_is_bounded_by_the_next_keeper_too(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    output, go_on = tmp_path / "output", tmp_path / "go on"
    body = f'seq 900000; while ! [ -e "{go_on}" ]; do sleep 0.05; done; seq 900000; echo end; exec sleep 600'
    spec = keeper.spec("a", "sh", "-c", body, once=True, output_file=str(output))
    keeper.call("start", processes=[spec])

    def is_bounded(size: int) -> bool:
        return output.exists() and output.stat().st_size >= size and output.stat().st_blocks < 5200

    all_of_it = len(b"".join(b"%d\n" % number for number in range(1, 900_001)))
    wait_until("only its end is kept", lambda: is_bounded(all_of_it))
    keeper.end(signal.SIGKILL)
    keeper.start()
    go_on.touch()
    wait_until("only its end is kept", lambda: is_bounded(2 * all_of_it + len(b"end\n")))
    assert output.read_bytes()[-65536:].endswith(b"899999\n900000\nend\n")
    assert b"\0" not in output.read_bytes()[-65536:]
