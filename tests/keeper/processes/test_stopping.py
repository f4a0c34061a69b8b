"""A stop reaches the program that is meant, with the signal that it wants, and not the job that it has in hand."""

import signal
import sys
from pathlib import Path

import pytest

from tests.keeper.running_keeper import RunningKeeper
from tests.support import proc
from tests.support.waiting import wait_until

WORKER = """\
import signal, subprocess, sys, time
stop = []
for name in ("SIGTERM", "SIGQUIT", "SIGUSR1"):
    signal.signal(getattr(signal, name), lambda number, frame: stop.append(number))
with open("said", "a") as said:
    job = subprocess.Popen(["sh", "-c", "until [ -e finish ]; do sleep 0.02; done"])
    print("begun", file=said, flush=True)
    while not stop:
        time.sleep(0.01)
    print("asked by", signal.Signals(stop[0]).name, file=said, flush=True)
    print("job ended with", job.wait(), file=said, flush=True)
"""


class Worker:
    """A worker whose job in hand is a program of its own, and ends when it is told to."""

    def __init__(self, keeper: RunningKeeper, folder: Path) -> None:
        self.keeper = keeper
        self.folder = folder
        (folder / "w.py").write_text(WORKER)

    def start(self, command: str, **changes: object) -> int:
        words = ("/bin/sh", "-c", command.replace("python3", sys.executable))
        return self.run(*words, signal_group=True, **changes)

    def run(self, *words: str, **changes: object) -> int:
        leader = self.keeper.run("a", *words, working_directory=str(self.folder), **changes)
        wait_until("the job is in hand", lambda: "begun" in self.said())
        return leader

    def said(self) -> str:
        file = self.folder / "said"
        return file.read_text() if file.exists() else ""

    def stop(self) -> None:
        self.keeper.stop("a", timeout_seconds=600)
        wait_until("it was asked", lambda: "asked" in self.said())

    def finish(self) -> str:
        (self.folder / "finish").touch()
        self.keeper.gone("a")
        return self.said()


@pytest.fixture
def worker(keeper: RunningKeeper, tmp_path: Path) -> Worker:
    return Worker(keeper, tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        "python3 w.py",
        "exec python3 w.py",
        "QUEUE=high python3 w.py",
        "cd . && exec python3 w.py",
        "python3 w.py; true",
        "python3 w.py | cat",
        "while true; do python3 w.py; done",
        "(python3 w.py; true) | cat",
        "python3 w.py & wait",
    ],
)
def test_the_program_of_a_shell_is_asked_and_the_job_that_it_has_in_hand_is_left_alone(
    worker: Worker, command: str
) -> None:
    worker.start(command, stop_target="programs")
    worker.stop()
    assert worker.finish() == "begun\nasked by SIGTERM\njob ended with 0\n"


def test_what_a_shell_would_have_begun_next_is_not_begun(worker: Worker) -> None:
    worker.start("python3 w.py; touch next", stop_target="programs")
    worker.stop()
    worker.finish()
    assert not (worker.folder / "next").exists()


def test_with_the_group_as_its_target_the_stop_reaches_the_job_too(worker: Worker) -> None:
    worker.start("python3 w.py; true", stop_target="group")
    worker.stop()
    wait_until("the job was ended", lambda: "job ended with -15" in worker.said())
    worker.keeper.gone("a")


@pytest.mark.parametrize("name", ["SIGQUIT", "SIGUSR1"])
@pytest.mark.parametrize("words", [("/bin/sh", "-c", "exec {} w.py"), ("{}", "w.py")])
def test_the_stop_is_the_signal_that_the_program_wants(
    worker: Worker, name: str, words: tuple[str, ...]
) -> None:
    program = [word.format(sys.executable) for word in words]
    worker.run(*program, signal_group=len(words) > 2, stop_target="programs", stop_signal=name)
    worker.stop()
    assert f"asked by {name}\njob ended with 0\n" in worker.finish()


def test_what_a_program_leaves_behind_is_asked_to_end_when_the_program_has(keeper: RunningKeeper) -> None:
    body = f"({sys.executable} -c 'import time; time.sleep(600)'; true) & sleep 600; true"
    leader = keeper.run("a", "/bin/sh", "-c", body, signal_group=True, stop_target="programs")
    wait_until("all are there", lambda: len(keeper.living("a")) >= 4)
    keeper.stop("a", timeout_seconds=600)
    keeper.gone("a")
    assert not proc.is_alive(leader)


def test_a_drain_goes_on_with_the_job_when_the_keeper_is_killed(worker: Worker) -> None:
    worker.start("python3 w.py; true", stop_target="programs")
    worker.stop()
    worker.keeper.end(signal.SIGKILL)
    worker.keeper.start()
    assert "job ended with 0" in worker.finish()


def test_the_next_keeper_knows_who_was_asked_though_the_shell_ended_without_it(worker: Worker) -> None:
    shell = worker.start(
        "trap 'until [ -e leave ]; do sleep 0.02; done; exit' TERM; python3 w.py & wait",
        stop_target="programs",
    )
    worker.stop()
    worker.keeper.end(signal.SIGKILL)
    (worker.folder / "leave").touch()
    wait_until("the shell is gone", lambda: not proc.is_alive(shell))
    worker.keeper.start()
    assert "job ended with 0" in worker.finish()


def test_how_it_is_stopped_may_change_while_it_runs_and_is_not_forgotten(worker: Worker) -> None:
    worker.start("python3 w.py; true", stop_target="group")
    manners = {worker.keeper.id("a"): {"stop_signal": "SIGUSR1", "stop_target": "programs"}}
    worker.keeper.call("adjust", manners=manners)
    worker.keeper.end(signal.SIGKILL)
    worker.keeper.start()
    worker.stop()
    assert "asked by SIGUSR1\njob ended with 0\n" in worker.finish()
    told = [event["event"] for event in worker.keeper.events("a")]
    assert told.count("adjusted") == 1


@pytest.mark.parametrize("shell", [True, False])
def test_the_manner_of_the_next_command_leaves_the_job_of_this_one_alone(
    worker: Worker, *, shell: bool
) -> None:
    program = str(Path(sys.executable).resolve())
    target, of_the_next = ("programs", "leader") if shell else ("leader", "programs")
    words = ("/bin/sh", "-c", f"{program} w.py; true") if shell else (program, "w.py")
    worker.run(*words, signal_group=shell, stop_target=target)
    worker.keeper.call("adjust", manners={worker.keeper.id("a"): {"stop_target": of_the_next}})
    worker.stop()
    assert worker.finish() == "begun\nasked by SIGTERM\njob ended with 0\n"


def test_a_manner_that_is_none_is_refused(worker: Worker) -> None:
    worker.start("python3 w.py")
    wrong_ones: tuple[object, ...] = ({"stop_signal": "SIGKILL"}, {"argv": ["sh"]}, [])
    for wrong in wrong_ones:
        with worker.keeper.client() as client:
            assert "error" in client.ask("adjust", manners={worker.keeper.id("a"): wrong})
    (worker.folder / "finish").touch()


def test_a_spec_with_what_is_no_signal_or_target_is_refused(keeper: RunningKeeper) -> None:
    for wrong in ({"stop_signal": "SIGKILL"}, {"stop_signal": "TERM"}, {"stop_target": "everybody"}):
        with keeper.client() as client:
            answer = client.ask("start", processes=[keeper.spec("a", "sleep", "600", **wrong)])
            assert f"`{next(iter(wrong))}`" in answer["error"]
