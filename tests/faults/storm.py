"""What is asked of a server while it is out of order, and what must come of it once it is in order again."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from tests.faults.truth import CHILD, Life, logged, printed
from tests.support import proc
from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer, Linked
from tests.support.waiting import wait_until

MAX_BACKGROUND_PROCESSES = 5
MAX_PROCESSES = 4
OLDEST_VERSIONS = 30
"""What was changed so many changes ago is deleted after the next look, so that logs do not become longer and longer."""

_SETTLED_SECONDS = 120.0
"""A process that was killed young again and again waits for up to a minute before its next start."""

_DONE = (200, 201, 202, 204)
_NOTHING_DONE = 507
_NOT_NOW = 503

Slot = tuple[str, str, str]


@dataclass(frozen=True)
class State:
    """What is asked for of a background process. `version` is what its program is called with."""

    version: int
    processes: int


@dataclass
class Storm:
    """What was asked for, and what of that nobody can know before the server is asked: a 503 may have come too late."""

    server: EngineroomServer
    linked: Linked
    folder: Path
    may_lose_lines: bool = False
    has_lost_lines: bool = False
    asked: dict[str, set[State]] = field(default_factory=dict)
    perhaps_made: set[State] = field(default_factory=set)
    perhaps_deleted: dict[str, set[State]] = field(default_factory=dict)
    version: int = 0
    refused: Counter[int] = field(default_factory=Counter)

    @property
    def truth(self) -> Path:
        return self.folder / "truth"

    @property
    def _all(self) -> str:
        return f"/api/instances/{self.linked.instance}/background-processes"

    # Changes

    def create(self, dice: Random) -> None:
        if len(self.asked) + len(self.perhaps_made) >= MAX_BACKGROUND_PROCESSES:
            return
        state = State(self._next_version(), dice.randint(1, MAX_PROCESSES))
        fields = {"type": "custom", "command": self._command(state.version), "processes": state.processes}
        answer = self.server.api.ask("POST", self._all, **fields)
        if answer.status_code in _DONE:
            self.asked[answer.json()["data"]["id"]] = {state}
        elif self._is_unsure(answer.status_code, answer.text):
            self.perhaps_made.add(state)

    def scale(self, dice: Random) -> None:
        processes = dice.randint(1, MAX_PROCESSES)
        self._change(dice, lambda state: replace(state, processes=processes), processes=processes)

    def change_the_command(self, dice: Random) -> None:
        version = self._next_version()
        self._change(dice, lambda state: replace(state, version=version), command=self._command(version))

    def _change(self, dice: Random, changed: Callable[[State], State], **fields: object) -> None:
        if not self.asked:
            return
        id = dice.choice(sorted(self.asked))
        answer = self.server.api.ask("PATCH", f"/api/background-processes/{id}", **fields)
        after = set(map(changed, self.asked[id]))
        if answer.status_code in _DONE:
            self.asked[id] = after
        elif self._is_unsure(answer.status_code, answer.text):
            self.asked[id] |= after

    def delete(self, dice: Random) -> None:
        if len(self.asked) > 1:
            self._delete(dice.choice(sorted(self.asked)))

    def _delete(self, id: str) -> None:
        answer = self.server.api.ask("DELETE", f"/api/background-processes/{id}")
        if answer.status_code in _DONE:
            del self.asked[id]
        elif self._is_unsure(answer.status_code, answer.text):
            self.perhaps_deleted[id] = self.asked.pop(id)

    def _is_unsure(self, status: int, text: str) -> bool:
        """Return whether what was refused may have been done all the same."""
        assert status in (_NOT_NOW, _NOTHING_DONE), f"answered {status}: {text}"
        self.refused[status] += 1
        return status == _NOT_NOW

    def _next_version(self) -> int:
        self.version += 1
        return self.version

    def _command(self, version: int) -> str:
        return f"{sys.executable} {self.folder / 'count.py'} {version}"

    # What must be, once nothing is out of order

    def check(self) -> None:
        """Wait until exactly what was asked for is there, and make sure that nothing was lost or doubled."""
        wait_until("it is ready", lambda: self.server.api.status("GET", "/readyz") == 200, timeout_seconds=60)
        self._learn()
        try:
            wait_until("exactly what was asked for runs", self._is_settled, timeout_seconds=_SETTLED_SECONDS)
        except AssertionError as error:
            error.add_note(self._differences())
            raise
        for id, state in self._wanted_states().items():
            BackgroundProcess(self.server.api, id, "").wait_until_running(state.processes)
        self._check_logs()
        wait_until("no operation is left running", self._is_all_over, timeout_seconds=60)
        wait_until("one keeper runs", lambda: len(self.server.keepers()) == 1)
        for log in (self.server.output(), (self.server.data / "keeper" / "log").read_text(errors="replace")):
            assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:5000]

    def retire(self) -> None:
        """Delete what is there for long, and forget what it has printed."""
        for id, state in self._wanted_states().items():
            if state.version <= self.version - OLDEST_VERSIONS:
                self._delete(id)
        for path in self.truth.iterdir():
            if path.name.partition(".")[0] not in self.asked:
                path.unlink()

    def _learn(self) -> None:
        """Take in what became of what nobody could know. Raises AssertionError for what cannot be so."""
        listed = self.server.api.get(self._all)["data"]
        found = {item["id"]: self._state_of(item["attributes"]) for item in listed}
        possible = self.asked | self.perhaps_deleted
        for id, state in found.items():
            assert state in possible.get(id, self.perhaps_made), f"nobody has asked for {id} to be {state}"
        assert self.asked.keys() <= found.keys(), f"not there any more: {self.asked.keys() - found.keys()}"
        self.asked = {id: {state} for id, state in found.items()}
        self.perhaps_made.clear()
        self.perhaps_deleted.clear()

    def _state_of(self, attributes: dict[str, object]) -> State:
        command, processes = str(attributes["command"]), attributes["processes"]
        assert isinstance(processes, int)
        return State(int(command.rpartition(" ")[2]), processes)

    def _wanted_states(self) -> dict[str, State]:
        return {id: next(iter(states)) for id, states in self.asked.items()}

    def _wanted(self) -> Counter[tuple[Slot, str]]:
        return Counter(
            ((id, "1", str(index)), command)
            for id, state in self._wanted_states().items()
            for index in range(state.processes)
            for command in (self._command(state.version), CHILD)
        )

    def _found(self) -> Counter[tuple[Slot, str]]:
        """Return every slot that is taken on this host, with the command that runs in it, by the kernel's word."""
        return Counter(_slot_and_command(pid) for pid in self.server.user_pids())

    def _is_settled(self) -> bool:
        return self._found() == self._wanted()

    def _differences(self) -> str:
        wanted, found = self._wanted(), self._found()
        return f"missing: {dict(wanted - found)}; too many: {dict(found - wanted)}"

    def _check_logs(self) -> None:
        truth = {
            life: lines
            for life, lines in printed(self.truth).items()
            if life.background_process in self.asked
        }

        def missing() -> dict[Life, int]:
            found = self._logged()
            return {life: lines for life, lines in truth.items() if found[life] < lines}

        wait_until(
            "every line is in the log, or people were told that some are not",
            lambda: not missing() or self._is_told_of_lost_lines(),
            timeout_seconds=60,
        )

    def _logged(self) -> Counter[Life]:
        told = self._is_told_of_lost_lines()
        found: Counter[Life] = Counter()
        for id in self.asked:
            text = self.server.api.text(f"/api/background-processes/{id}/logs?download=true")
            found |= logged(id, text.splitlines(), told=told, torn=self.may_lose_lines)
        return found

    def _is_told_of_lost_lines(self) -> bool:
        """Return whether people know that lines were lost, as the disk was full or they were removed."""
        return self.has_lost_lines or (self.may_lose_lines and '"logs.dropped"' in self.server.output())

    def _is_all_over(self) -> bool:
        operations = self.server.api.get("/api/operations")["data"]
        return all(operation["attributes"]["status"] != "running" for operation in operations)


def _slot_and_command(pid: int) -> tuple[Slot, str]:
    environment = proc.environment(pid)
    names = ("ENGINEROOM_BACKGROUND_PROCESS", "ENGINEROOM_REPLICA", "ENGINEROOM_INDEX")
    background_process, replica, index = (environment.get(name, "") for name in names)
    return (background_process, replica, index), " ".join(proc.argv(pid))
