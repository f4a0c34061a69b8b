"""What children print: what it costs that many do, how soon it can be read, and whether one that floods is held up."""

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contenders.base import Contender, ContenderError
from benchmarks.contenders.engineroom import KEEPER, SERVER, Engineroom
from benchmarks.contenders.pm2 import Pm2
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.crowd import cpu_percent
from benchmarks.logs.followed import messages
from benchmarks.percentiles import percentile
from benchmarks.result import Aim, Measure, Result
from benchmarks.stage import Stage

NAME = "output"

_CONTENDERS = (Engineroom, Supervisor, Pm2)
_FILE = "plain file"
_TALKERS = 500
_SETTLING_SECONDS = 10.0
_TALKING_SECONDS = 30.0
_FLOOD_TIMEOUT_SECONDS = 60.0
_LOOK_SECONDS = 0.05

Figures = Mapping[str, float]


def run(stage: Stage) -> Result:
    """Measure 500 that print two lines a second each, and then one that prints as fast as it can."""
    talk = stage.running(stage.programs.talker).measure(_talk, contenders=_CONTENDERS)
    flood = stage.running(stage.programs.flooder).measure(_flood, contenders=_CONTENDERS)
    talked = {name: found[0] for name, found in talk.found.items()}
    flooded = {name: found[0] for name, found in flood.found.items()} | {_FILE: _plain(stage)}

    def measure(of: Mapping[str, Figures], name: str, unit: str, aim: Aim | None = None) -> Measure:
        figures = {who: found[name] for who, found in of.items() if name in found}
        return Measure(name=name, unit=unit, figures=figures, aim=aim)

    return Result(
        name=NAME,
        title=f"{_TALKERS} children print two lines a second each; then one prints as fast as it can",
        contenders=[*(kind.name for kind in _CONTENDERS), _FILE],
        measures=[
            measure(talked, "CPU of what supervises, 500 talking", "%"),
            measure(talked, "… the keeper", "%", Aim(limit=5)),
            measure(talked, "… the server, which stores it", "%"),
            measure(talked, "a line can be read, p50", "ms"),
            measure(talked, "a line can be read, p99", "ms", Aim(limit=500)),
            measure(flooded, "a flood, written by the child", "MB/s", Aim(limit=200, at_least=True)),
            measure(flooded, "disk taken by it at most", "MB"),
        ],
        notes=[
            f"CPU is in percent of one core, over {_TALKING_SECONDS:g} s.",
            "A line carries the time at which it was printed, and is read by a follower over HTTP.",
            "engineroom has the time of every line that is read, and tells how much of a flood it dropped.",
            *talk.notes,
            *flood.notes,
        ],
    )


def _talk(contender: Contender) -> Figures:
    contender.prepare(_TALKERS)
    contender.request()
    contender.records.wait_for(_TALKERS, seen=0, timeout_seconds=300.0)
    time.sleep(_SETTLING_SECONDS)
    percent = cpu_percent(contender.supervisors(), _TALKING_SECONDS)
    found = {"CPU of what supervises, 500 talking": sum(percent.values())}
    if isinstance(contender, Engineroom):
        delays = asyncio.run(_delays(contender))
        found |= {
            "… the keeper": percent[KEEPER],
            "… the server, which stores it": percent[SERVER],
            "a line can be read, p50": percentile(delays, 50),
            "a line can be read, p99": percentile(delays, 99),
        }
    return found


async def _delays(contender: Engineroom) -> list[float]:
    """Return after how many milliseconds each line of ten of the children was read, over some seconds."""
    delays: list[float] = []
    begun = time.monotonic_ns()
    async for message in messages(contender.address, contender.token, contender.made[0]):
        printed, read = int(message), time.monotonic_ns()
        if printed > begun:
            delays.append((read - printed) / 1e6)
        if read - begun > _TALKING_SECONDS * 1e9:
            break
    return delays


def _flood(contender: Contender) -> Figures:
    contender.prepare(1)
    with _disk(contender.folder) as most:
        contender.request()
        contender.records.wait_for(1, seen=0)
        speed = _speed(contender.records.path)
    return {"a flood, written by the child": speed, "disk taken by it at most": most()}


def _plain(stage: Stage) -> Figures:
    """Measure the same child without anybody: its output is appended to a file."""
    folder = stage.folder()
    records, output = folder / "records", folder / "output"
    records.touch()
    with output.open("ab") as file, subprocess.Popen([stage.programs.flooder, records], stdout=file) as child:
        try:
            speed = _speed(records)
        finally:
            child.kill()
    taken = _megabytes(folder)
    output.unlink()
    return {"a flood, written by the child": speed, "disk taken by it at most": taken}


def _speed(records: Path) -> float:
    """Wait for what the flooder says when it is done, and return how many megabytes a second it wrote."""
    said = records.with_name(f"{records.name}.written")
    deadline = time.monotonic() + _FLOOD_TIMEOUT_SECONDS
    while not said.exists() or not (words := said.read_text().split()):
        if time.monotonic() > deadline:
            raise ContenderError("the child did not get to the end of its flood")
        time.sleep(_LOOK_SECONDS)
    return int(words[0]) / int(words[1]) * 1e3


@contextmanager
def _disk(folder: Path) -> Iterator[Callable[[], float]]:
    """Give a function that returns by how many megabytes the folder grew at most, looked at all the time."""
    before = _megabytes(folder)
    seen = [before]
    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            seen.append(_megabytes(folder))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield lambda: max(seen) - before
    finally:
        done.set()
        thread.join()


def _megabytes(folder: Path) -> float:
    """Return the room that files take on the disk, without the holes in them."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total / 1e6
