"""Jobs that are done by workers which end themselves after fifty, as `queue:work --max-jobs=50`."""

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders.base import Contender
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.result import Aim, Measure, Result
from benchmarks.stage import CONTENDERS, Stage

NAME = "recycle"

_WORKERS = 4
_SECONDS = 45.0
_JOB_SECONDS = 0.03
"""As in `child/recycler.c`."""


@dataclass(frozen=True, slots=True)
class _Found:
    jobs_a_second: float
    lives: int


def run(stage: Stage) -> Result:
    """Measure every contender, one after the other."""
    measured = stage.running(stage.programs.recycler).measure(_measure)
    found = {name: rounds[0] for name, rounds in measured.found.items()}
    peer = found.get(Supervisor.name)
    aim = None if peer is None else Aim(limit=peer.jobs_a_second, reason="Supervisor", at_least=True)
    return Result(
        name=NAME,
        title=f"{_WORKERS} workers that end after 50 jobs of {_JOB_SECONDS * 1000:.0f} ms, for {_SECONDS:.0f} s",
        contenders=[kind.name for kind in CONTENDERS],
        measures=[
            Measure(
                name="jobs done",
                unit="/s",
                figures={name: each.jobs_a_second for name, each in found.items()},
                aim=aim,
            ),
            Measure(name="lives", unit="", figures={name: each.lives for name, each in found.items()}),
        ],
        notes=[
            f"Without any pause between two lives it would be {_WORKERS / _JOB_SECONDS:.0f} jobs a second.",
            *measured.notes,
        ],
    )


def _measure(contender: Contender) -> _Found:
    contender.prepare(_WORKERS)
    contender.request()
    contender.records.wait_for(_WORKERS, seen=0)
    jobs = Path(f"{contender.records.path}.jobs")
    begun, before = time.monotonic(), _done(jobs)
    time.sleep(_SECONDS)
    done, seconds = _done(jobs) - before, time.monotonic() - begun
    contender.withdraw()
    return _Found(done / seconds, contender.records.count())


def _done(jobs: Path) -> int:
    return jobs.stat().st_size if jobs.exists() else 0
