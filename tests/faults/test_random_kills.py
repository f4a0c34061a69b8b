"""Anything of ours, and anything that it runs, is killed, stopped or loses its files at random; nothing goes wrong.

Exactly what was asked for runs afterwards, and every line that was printed is in the log, once and in order.

`make soak` runs this for longer, and with other seeds. A failure names its seed: ENGINEROOM_FAULT_SEED repeats it.
"""

import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support import proc
from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

ROUNDS = int(os.environ.get("ENGINEROOM_FAULT_ROUNDS", "40"))
SEED = int(os.environ.get("ENGINEROOM_FAULT_SEED", "1"))
MOST_BACKGROUND_PROCESSES = 6
SETTLED_SECONDS = 90.0
"""A process that was killed young again and again waits for up to a minute before its next start."""

Slot = tuple[str, str, str]

COUNTING = """
import os, time
life = f"{os.getpid()}-{time.monotonic_ns()}"
truth = open(os.environ["TRUTH"] + "/" + os.environ["ENGINEROOM_BACKGROUND_PROCESS"] + "." + life, "ab", 0)
number = 0
while True:
    os.write(1, f"{life} {number}\\n".encode())
    truth.write(b".")
    number += 1
    time.sleep(0.02)
"""
"""Prints numbered lines, and notes elsewhere how many it has printed. What it is called with only tells versions apart."""


@dataclass
class Asked:
    """What was asked for last of one background process."""

    handle: BackgroundProcess
    processes: int
    version: int

    program: Path

    @property
    def command(self) -> str:
        return f"{sys.executable} {self.program} {self.version}"


@dataclass
class Storm:
    """Random faults and changes against one server, and the memory of what should come of them."""

    server: EngineroomServer
    instance: str
    dice: random.Random
    folder: Path
    asked: dict[str, Asked] = field(default_factory=dict)
    version: int = 0
    hanging: int | None = None

    def next_version(self) -> int:
        self.version += 1
        return self.version

    # Faults

    def kill_a_process(self) -> None:
        living = sorted(self.server.user_pids())
        if living:
            # One that was draining may be gone by now.
            with contextlib.suppress(ProcessLookupError):
                proc.kill(self.dice.choice(living))

    def kill_the_keeper(self) -> None:
        keepers = self.server.keepers()
        if len(keepers) == 1:
            proc.kill(keepers[0])

    def hang_the_keeper(self) -> None:
        """Stop it by a signal; whatever comes next happens meanwhile, until it is let go on."""
        keepers = self.server.keepers()
        if self.hanging is None and len(keepers) == 1:
            (self.hanging,) = keepers
            os.kill(self.hanging, signal.SIGSTOP)

    def let_go_on(self) -> None:
        if self.hanging is not None:
            with contextlib.suppress(ProcessLookupError):  # it may have been killed as it was
                os.kill(self.hanging, signal.SIGCONT)
            self.hanging = None

    def hang_the_control_plane(self) -> None:
        os.kill(self.server.pid, signal.SIGSTOP)
        time.sleep(self.dice.uniform(0.1, 1.0))
        os.kill(self.server.pid, signal.SIGCONT)

    def lose_a_file(self) -> None:
        name = self.dice.choice(["journal", "socket", "lock", "secret", "identity", "cgroups.json"])
        (self.server.data / "keeper" / name).unlink(missing_ok=True)

    def kill_the_control_plane(self) -> None:
        self.let_go_on()  # a server refuses to start beside a keeper that does not answer
        self.server.kill()
        self.server.start()
        for asked in self.asked.values():
            asked.handle = asked.handle.through(self.server.api)

    # Changes

    def create(self) -> None:
        if len(self.asked) >= MOST_BACKGROUND_PROCESSES:
            return
        processes, version = self.dice.randint(1, 5), self.next_version()
        program = self.folder / "count.py"
        command = f"{sys.executable} {program} {version}"
        made = self.server.api.create(self.instance, type="custom", command=command, processes=processes)
        self.asked[made.id] = Asked(made, processes, version, program)

    def scale(self) -> None:
        if self.asked:
            asked = self.one()
            asked.processes = self.dice.randint(1, 5)
            asked.handle.update(processes=asked.processes)

    def change_the_command(self) -> None:
        if self.asked:
            asked = self.one()
            asked.version = self.next_version()
            asked.handle.update(command=asked.command)

    def delete(self) -> None:
        if len(self.asked) > 1:
            asked = self.one()
            del self.asked[asked.handle.id]
            asked.handle.delete()

    def one(self) -> Asked:
        return self.asked[self.dice.choice(sorted(self.asked))]

    # What should be, and what is

    def wanted(self) -> Counter[tuple[Slot, str]]:
        return Counter(
            ((identifier, "1", str(index)), asked.command)
            for identifier, asked in self.asked.items()
            for index in range(asked.processes)
        )

    def found(self) -> Counter[tuple[Slot, str]]:
        """Return every slot that is taken on this host, with the command that runs in it, by the kernel's word."""
        return Counter(_slot_and_command(pid) for pid in self.server.user_pids())

    def is_settled(self) -> bool:
        return self.found() == self.wanted()

    def printed(self) -> dict[tuple[str, str], int]:
        """Return how many lines each life has printed, by its background process, of those that still are."""
        found = {}
        for path in (self.folder / "truth").iterdir():
            background_process, _, life = path.name.partition(".")
            if background_process in self.asked:
                found[background_process, life] = path.stat().st_size
        return found

    def logged(self) -> dict[tuple[str, str], int]:
        """Return how many lines of each life are in the log. Raises AssertionError for one that is not the next one."""
        found: Counter[tuple[str, str]] = Counter()
        for asked in self.asked.values():
            path = f"/api/background-processes/{asked.handle.id}/logs?download=true"
            for line in self.server.api.text(path).splitlines():
                words = line.split(" ")
                if "system" in words[:3]:  # engineroom's own, such as that it has ended
                    continue
                life, number = words[3:]
                assert int(number) == found[asked.handle.id, life], (
                    f"{line!r} is not the next line of its life"
                )
                found[asked.handle.id, life] += 1
        return found

    def differences(self) -> str:
        wanted, found = self.wanted(), self.found()
        return f"missing: {dict(wanted - found)}; too many: {dict(found - wanted)}"


def _slot_and_command(pid: int) -> tuple[Slot, str]:
    environment = proc.environment(pid)
    names = ("ENGINEROOM_BACKGROUND_PROCESS", "ENGINEROOM_REPLICA", "ENGINEROOM_INDEX")
    background_process, replica, index = (environment.get(name, "") for name in names)
    return (background_process, replica, index), " ".join(proc.argv(pid))


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_after_any_kills_exactly_what_was_asked_for_runs(
    engineroom: EngineroomServer, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    (tmp_path / "truth").mkdir()
    (tmp_path / "count.py").write_text(COUNTING)
    linked = engineroom.link(tmp_path, TRUTH=str(tmp_path / "truth"))
    storm = Storm(engineroom, linked.instance, dice, tmp_path)
    storm.create()
    actions: dict[Callable[[], None], int] = {
        storm.kill_a_process: 10,
        storm.kill_the_keeper: 4,
        storm.kill_the_control_plane: 1,
        storm.hang_the_keeper: 2,
        storm.let_go_on: 4,
        storm.hang_the_control_plane: 1,
        storm.lose_a_file: 2,
        storm.create: 4,
        storm.scale: 5,
        storm.change_the_command: 3,
        storm.delete: 2,
    }
    for _ in range(ROUNDS):
        (action,) = dice.choices(list(actions), list(actions.values()))
        try:
            action()
        except httpx.TransportError as error:
            raise AssertionError(f"seed {seed}: {action.__name__} met {error!r}") from error
    storm.let_go_on()

    try:
        wait_until("exactly what was asked for runs", storm.is_settled, timeout_seconds=SETTLED_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {storm.differences()}") from error
    for asked in storm.asked.values():
        listed = asked.handle.wait_until_running(asked.processes)
        assert len(listed) == asked.processes
    printed = storm.printed()
    assert printed

    def is_logged() -> bool:
        logged = storm.logged()
        return all(logged.get(life, 0) >= count for life, count in printed.items())

    wait_until(f"seed {seed}: every line is in the log", is_logged, timeout_seconds=30)
    operations = engineroom.api.get("/api/operations")["data"]
    wait_until(
        "no operation is left running",
        lambda: all(
            engineroom.api.operation(operation["id"]).status != "running" for operation in operations
        ),
    )
