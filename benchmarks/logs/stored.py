"""Ten million lines: how fast they are stored, how much room they take, and how fast something is found in them."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.logs import corpus, followed
from benchmarks.logs.contenders import CONTENDERS, PROCESSES, Batch, Contender
from benchmarks.percentiles import percentile
from benchmarks.result import Aim, Measure, Result
from benchmarks.setup import MissingError
from benchmarks.stage import Stage

NAME = "logs"

_LINES = 10_000_000
_LINES_OF_SLOW = {"journal": 500_000}
_BATCH = 10_000
_QUESTIONS = 20
_MILLION = 1_000_000

Figures = dict[str, dict[str, float]]


def run(stage: Stage) -> Result:
    """Measure every contender, one after the other, on one processor; and then who follows."""
    figures: Figures = {}
    notes: list[str] = []
    for kind in CONTENDERS:
        with _removed(stage.folder()) as folder, _one_processor():
            try:
                contender = kind(folder)
                print(f"  {contender.name} …", file=sys.stderr, flush=True)
                for name, figure in _measured(contender).items():
                    figures.setdefault(name, {})[contender.name] = figure
            except MissingError as error:
                notes.append(str(error))
    with _removed(stage.folder()) as folder:
        for name, figure in followed.measured(folder).items():
            figures[name] = {"engineroom": figure}
    return Result(
        name=NAME,
        title=f"{_LINES:,} lines of {corpus.LINE_BYTES} bytes by {PROCESSES} processes",
        contenders=["engineroom", "files, grep", "journal"],
        measures=_measures(figures),
        notes=[
            f"{corpus.DISTINCT:,} different lines, which come again and again; one of all has the rare word.",
            "Stored means on disk, and for engineroom with all words found, on one processor; no line may be missing.",
            f"The journal has {_LINES_OF_SLOW['journal']:,} lines only: it would need many minutes for more.",
            "engineroom is asked within its process, on an open file; the others by commands. All from the page cache.",
            *notes,
        ],
    )


def _measures(figures: Figures) -> list[Measure]:
    aims = {
        "a million lines stored": Aim(limit=10, reason="100,000 lines/s"),
        "the newest 100 of one process, p99": Aim(limit=20),
        "a rare word, slowest": Aim(limit=1000),
        **followed.AIMS,
    }
    units = {
        "a million lines stored": "s",
        "disk for a million lines": "MB",
        "the newest 100 of one process, p50": "ms",
        "the newest 100 of one process, p99": "ms",
        "a rare word, median": "ms",
        "a rare word, slowest": "ms",
        **followed.UNITS,
    }
    return [
        Measure(name=name, unit=unit, figures=figures.get(name, {}), aim=aims.get(name))
        for name, unit in units.items()
    ]


def _measured(contender: Contender) -> dict[str, float]:
    total = _LINES_OF_SLOW.get(contender.name, _LINES)
    made = list(_batches(total)) if total < _MILLION else None
    began = time.perf_counter()
    contender.store(iter(made) if made is not None else _batches(total))
    seconds = time.perf_counter() - began
    newest = [_asked(contender.newest(), 100) for _ in range(_QUESTIONS)]
    rare = [_asked(contender.rare(), 1) for _ in range(_QUESTIONS if contender.name == "engineroom" else 3)]
    millions = total / _MILLION
    return {
        "a million lines stored": seconds / millions,
        "disk for a million lines": contender.bytes_on_disk() / 1e6 / millions,
        "the newest 100 of one process, p50": percentile(newest, 50),
        "the newest 100 of one process, p99": percentile(newest, 99),
        "a rare word, median": percentile(rare, 50),
        "a rare word, slowest": max(rare),
    }


def _asked(answer: tuple[float, int], wanted: int) -> float:
    """Return the milliseconds of a question that found what there is."""
    seconds, found = answer
    if found != wanted:
        raise MissingError(f"{found} lines were found where {wanted} are")
    return seconds * 1000


def _batches(total: int) -> Iterator[Batch]:
    lines = corpus.distinct()
    share = _BATCH // PROCESSES
    for batch in corpus.batches(lines, total, _BATCH):
        yield [batch[place * share : (place + 1) * share] for place in range(PROCESSES)]


@contextmanager
def _one_processor() -> Iterator[None]:
    """Have this process, its threads and its children use one processor only, for as long as the block lasts."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)


@contextmanager
def _removed(folder: Path) -> Iterator[Path]:
    """Give the folder, and remove what was put there: two gigabytes a contender add up."""
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
