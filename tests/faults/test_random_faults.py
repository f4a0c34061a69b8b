"""Everything goes wrong at random, and together; afterwards exactly what was asked for runs, and no line is lost.

Anything of ours, and anything that it runs, is killed, hangs or loses its files, while disks are full, databases are locked
or do not answer, and the clock jumps.

`make soak` does this for an hour, or for as many seconds as ENGINEROOM_FAULT_SECONDS says, with a new seed. A failure names
its seed: ENGINEROOM_FAULT_SEED repeats it.
"""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.faults import faults
from tests.faults.faults import FullDisk, HungDatabase, HungKeeper, Lasting, LockedDatabase, OlderJournal
from tests.faults.length import SEED, turns
from tests.faults.schedule import Scheduled
from tests.faults.storm import Storm
from tests.faults.truth import COUNTING
from tests.support.black_hole import black_hole
from tests.support.databases import PostgresqlServer
from tests.support.engineroom_server import EngineroomServer
from tests.support.servers import postgresql
from tests.support.small_disk import small_disk
from tests.support.wall_clock import WallClock

FEWEST_TURNS = 20
TURNS_TO_A_LOOK = 40
MAX_PAUSE_SECONDS = 0.5
MAX_TURNS = 6
"""What lasts ends by itself after so many turns."""
DISK_MEGABYTES = 200

Action = Callable[[Random], object]


class World:
    """A server, all that may go wrong with it, how often, and what has."""

    def __init__(
        self, server: EngineroomServer, folder: Path, clock: WallClock, *, may_lose_lines: bool
    ) -> None:
        (folder / "truth").mkdir()
        (folder / "count.py").write_text(COUNTING)
        self.server = server
        linked = server.link(folder, TRUTH=str(folder / "truth"))
        self.storm = Storm(server, linked, folder, may_lose_lines=may_lose_lines)
        self.scheduled = Scheduled(server, linked, folder / "scheduled")
        self.lasting: dict[str, Lasting] = {"hang the keeper": HungKeeper(server)}
        self._until: dict[str, int] = {}
        self._number = 0
        self.history: list[str] = []
        self._record = folder / "history"
        older_journal = OlderJournal(server, folder / "journal")
        self._actions: dict[str, tuple[int, Action]] = {
            "kill a process": (10, partial(faults.kill_a_process, server)),
            "kill the keeper": (4, lambda _: faults.kill_the_keeper(server)),
            "kill the server": (2, lambda _: faults.kill_the_server(server, list(self.lasting.values()))),
            "restart the server": (
                1,
                lambda _: faults.restart_the_server(server, list(self.lasting.values())),
            ),
            "hang the server": (2, partial(faults.hang_the_server, server)),
            "lose a file": (3, partial(faults.lose_a_file, server)),
            "put an older journal back": (2, lambda _: older_journal.happen()),
            "lose the variables": (1, lambda _: faults.lose_the_variables(server)),
            "jump": (3, partial(self._jump, clock)),
            "begin what lasts": (4, self._begin),
            "create": (4, self.storm.create),
            "scale": (5, self.storm.scale),
            "change the command": (3, self.storm.change_the_command),
            "delete": (2, self.storm.delete),
        }

    def add(self, name: str, weight: int, happen: Action) -> None:
        """Have this happen, too."""
        self._actions[name] = weight, happen

    def turn(self, number: int, dice: Random) -> None:
        """Have something happen."""
        self._number = number
        weights = [weight for weight, _ in self._actions.values()]
        (name,) = dice.choices(list(self._actions), weights)
        self.note(f"{number}: {name}")
        self._actions[name][1](dice)
        for each in [each for each, until in self._until.items() if until <= number]:
            self._end(each)
        time.sleep(MAX_PAUSE_SECONDS * dice.random() ** 2)

    def look(self) -> None:
        """Put everything in order, and see that all is as it should be."""
        self._end_all()
        self.note("look")
        self.storm.check()
        self.scheduled.check()
        self.storm.retire()

    def counted(self) -> Counter[str]:
        """Return how often each thing has happened."""
        names = (line.partition(": ")[2].partition(" is ") for line in self.history)
        return Counter(name for name, _, _ in names if name)

    def lose_the_database(self) -> None:
        """Have it be removed in a moment in which it can be put back."""
        self._end_all()
        faults.lose_the_database(self.server)

    def lose_the_keepers_folder(self) -> None:
        """Have all of it be removed, and with it lines that nobody has read yet."""
        self.storm.has_lost_lines = True
        faults.lose_the_keepers_folder(self.server)

    def _begin(self, dice: Random) -> None:
        name = dice.choice(sorted(self.lasting))
        self.note(f"-: {name}")
        self.lasting[name].begin()
        self._until[name] = self._number + dice.randint(1, MAX_TURNS)

    def _end(self, name: str) -> None:
        self.note(f"-: not any more: {name}")
        self.lasting[name].end()
        del self._until[name]

    def _end_all(self) -> None:
        for each in self.lasting.values():
            each.end()
        self._until.clear()

    def _jump(self, clock: WallClock, dice: Random) -> None:
        faults.jump(clock, dice)
        self.scheduled.jumped()
        self.note(f"-: the clock is {clock.ahead_seconds} s ahead")

    def note(self, line: str) -> None:
        self.history.append(line)
        with self._record.open("a") as record:
            record.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def run(world: World, seed: int) -> None:
    """Have things go wrong until the time is over, and look now and then."""
    try:
        world.storm.create(Random(seed))
        for number, dice in turns(seed, at_least=FEWEST_TURNS):
            world.turn(number, dice)
            if number % TURNS_TO_A_LOOK == TURNS_TO_A_LOOK - 1:
                world.look()
        world.look()
    except BaseException as error:
        world.note(f"failed: {error}")
        error.add_note(
            f"ENGINEROOM_FAULT_SEED={seed}; these happened last:\n" + "\n".join(world.history[-60:])
        )
        raise
    finally:
        print(f"seed {seed}: {dict(world.counted())}, refused: {dict(world.storm.refused)}")  # noqa: T201


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path / "clock")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder on a disk that is never full."""
    made = tmp_path / "code"
    made.mkdir()
    return made


@pytest.mark.long
@pytest.mark.needs("root", "cc")
def test_whatever_goes_wrong_with_a_host_on_its_own(tmp_path: Path, folder: Path, clock: WallClock) -> None:
    with (
        small_disk(tmp_path / "disk", megabytes=DISK_MEGABYTES) as disk,
        EngineroomServer(disk, within=clock.within) as server,
    ):
        # What it says is how a test learns its address, and must get through.
        server.log = tmp_path / "engineroom.log"
        server.start()
        world = World(server, folder, clock, may_lose_lines=True)
        world.lasting |= {
            "fill the disk": FullDisk(disk),
            "lock the database": LockedDatabase(server.data / "engineroom.db"),
        }
        world.add("lose the database", 1, lambda _: world.lose_the_database())
        world.add("lose the keeper's folder", 1, lambda _: world.lose_the_keepers_folder())
        run(world, SEED)


@pytest.mark.long
@pytest.mark.needs("root", "cc", "postgresql")
def test_whatever_goes_wrong_with_a_host_and_its_postgresql(
    tmp_path: Path, folder: Path, clock: WallClock
) -> None:
    with postgresql(tmp_path) as port, black_hole(port) as way:
        address = PostgresqlServer(port, tmp_path).emptied()
        through = address.replace(f":{port}/", f":{way.port}/")
        with EngineroomServer(tmp_path, within=clock.within, ENGINEROOM_DATABASE=through) as server:
            server.start()
            world = World(server, folder, clock, may_lose_lines=False)
            world.lasting["hang the database"] = HungDatabase(way)
            world.add("end the connections", 2, lambda _: faults.end_the_connections(address))
            run(world, SEED + 1)
