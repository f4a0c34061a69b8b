"""From the kill of a process to the first instruction of the one that takes its place."""

import time

from benchmarks import crowd
from benchmarks.contenders.base import Contender
from benchmarks.contenders.circus import Circus
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.percentiles import percentile
from benchmarks.result import Aim, Measure, Result
from benchmarks.stage import CONTENDERS, Stage

NAME = "restart"

_NEIGHBOURS = 100
_KILLS = 303
# They look for the dead once a second.
_KILLS_OF_SLOW = {Supervisor.name: 101, Circus.name: 101}


def run(stage: Stage) -> Result:
    """Measure every contender, one after the other."""
    measured = stage.measure(_measure)
    times = {name: found[0] for name, found in measured.found.items()}

    def measure(name: str, percent: float, aim: Aim | None = None) -> Measure:
        figures = {who: percentile(found, percent) for who, found in times.items()}
        return Measure(name=name, unit="ms", figures=figures, aim=aim)

    return Result(
        name=NAME,
        title=f"kill -9 to the first instruction of the new process, with {_NEIGHBOURS} neighbours",
        contenders=[kind.name for kind in CONTENDERS],
        measures=[
            measure("restarted, p50", 50, Aim(limit=3)),
            measure("restarted, p99", 99, Aim(limit=10)),
            measure("restarted, slowest", 100),
            Measure(name="kills", unit="", figures={who: len(found) for who, found in times.items()}),
        ],
        notes=[
            "Each process is killed in turn, and again only when it has lived long enough not to be delayed.",
            *measured.notes,
        ],
    )


def _measure(contender: Contender) -> list[float]:
    contender.prepare(_NEIGHBOURS + 1)
    contender.request()
    records = contender.records.wait_for(_NEIGHBOURS + 1, seen=0)
    time.sleep(crowd.GROWN_UP_SECONDS)
    return crowd.kill_in_turn(contender, records, _KILLS_OF_SLOW.get(contender.name, _KILLS))
