"""The server is killed while it writes; what was acknowledged is there, once."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path

from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.retention import Retention
from tests.telemetry.logs import endless_writer
from tests.telemetry.logs.endless_writer import LENGTH, LINE, STREAM
from tests.telemetry.logs.made import texts

ROUNDS = 12


def test_killed_at_any_moment_it_has_every_acknowledged_line_once(tmp_path: Path) -> None:
    chance = random.Random(6)
    for _ in range(ROUNDS):
        acknowledged = write_and_kill(tmp_path / "logs.db", chance.randrange(1, 60))

        stored, position = asyncio.run(read(tmp_path / "logs.db"))

        assert stored == [LINE[:-1] % number for number in range(len(stored))]
        assert position == len(stored) * LENGTH
        assert position >= acknowledged


def write_and_kill(path: Path, after_lines: int) -> int:
    """Return the last position that was acknowledged before the kill."""
    command = [sys.executable, endless_writer.__file__, str(path)]
    acknowledged = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(Path.cwd())}) as writer:
        assert writer.stdout is not None
        for _ in range(after_lines):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().split()
    return int(rest[-1]) if rest else acknowledged


async def read(path: Path) -> tuple[list[bytes], int]:
    logs = LogStore.open(path, Retention(days=36500))
    try:
        return list(await texts(logs)), (await logs.positions())[STREAM]
    finally:
        logs.close()
