"""Whether the keeper still answers: one that is stopped, or hangs at a disk, keeps its socket open and says nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn, TypeVar

Answer = TypeVar("Answer")

BEAT_SECONDS = 2.0
"""How often it is asked."""

_TICK_SECONDS = 0.5
_SILENT_TICKS = 10
"""So long it may take to answer. Counted in ticks: when this very process was stopped meanwhile, that is one."""

_STATES = {
    "T": "it is stopped by a signal; let it go on with: kill -CONT {pid}",
    "t": "a debugger holds it; end that",
    "D": "it waits for a disk or another filesystem that does not answer; look at the kernel's log",
}
_OTHERWISE = "look at its log; if it stays so, end it with kill -9 {pid}: what runs goes on, and the next keeper finds it"


class SilenceError(Exception):
    """The keeper has not answered in time."""


async def in_time(answer: Awaitable[Answer]) -> Answer:
    """Return the answer. Raises SilenceError when it does not come in time, and what it raises."""
    waiting = asyncio.ensure_future(answer)
    try:
        for _ in range(_SILENT_TICKS):
            done, _ = await asyncio.wait([waiting], timeout=_TICK_SECONDS)
            if done:
                return waiting.result()
    finally:
        waiting.cancel()
    raise SilenceError


async def beat(ask: Callable[[], Awaitable[Answer]], heard: Callable[[Answer], object]) -> NoReturn:
    """Ask again and again. Raises SilenceError when an answer does not come in time, and what an answer raises."""
    while True:
        heard(await in_time(ask()))
        await asyncio.sleep(BEAT_SECONDS)


def why_silent(lock: Path) -> str:
    """Return why the keeper that holds this lock does not answer, as far as the kernel tells, and what to do."""
    try:
        pid = int(lock.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return "the keeper does not answer; look at its log"
    return f"the keeper (pid {pid}) does not answer: {why_hanging(pid) or _OTHERWISE.format(pid=pid)}"


def why_hanging(pid: int) -> str | None:
    """Return why a process does nothing, and what to do; None when the kernel does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    reason = _STATES.get(stat.rpartition(")")[2].split()[0])
    return reason and reason.format(pid=pid)
