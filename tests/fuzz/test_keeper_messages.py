"""Whatever is sent to the keeper's socket, before and after the greeting: it stays alive, and starts nothing by it."""

import contextlib
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.keeper.running_keeper import RunningKeeper, running_keeper
from tests.support import proc

SEED = int(os.environ.get("ENGINEROOM_FUZZ_SEED", "20261125"))
LINES = 60 if "ENGINEROOM_FUZZ_SECONDS" not in os.environ else 3000
CALLS = ("hello", "start", "stop", "limit", "watch", "usage", "watch_output", "acknowledge_output", "dance")
FIELDS = (
    "processes",
    "groups",
    "ids",
    "timeout_seconds",
    "force",
    "epoch",
    "after",
    "upto",
    "kept_bytes",
    "secret",
)
MAX_MEMORY_BYTES = 300_000_000


def anything(chance: random.Random, depth: int = 0) -> Any:
    """Return a value of any kind that JSON has, and of some that it should not have."""
    plain = [
        None,
        True,
        -1,
        0,
        2**70,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "a",
        "\0",
        "\ud800",
        "../a",
        "x" * 5000,
    ]
    if depth > 3 or chance.random() < 0.5:
        return chance.choice(plain)
    if chance.random() < 0.5:
        return [anything(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {str(chance.choice(plain)): anything(chance, depth + 1) for _ in range(chance.randrange(4))}


def line(chance: random.Random, spec: dict[str, Any]) -> bytes:
    """Return bytes, JSON, or a request with hostile fields; a spec has at least one field that cannot be."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(2000)).replace(b"\n", b" ")
    if kind == 1:
        return json.dumps(anything(chance)).encode()
    request = {"id": chance.randrange(100), "call": chance.choice(CALLS)}
    request |= {name: anything(chance) for name in chance.sample(FIELDS, chance.randrange(len(FIELDS)))}
    if kind == 2:
        request |= {
            "call": "start",
            "processes": [spec | {chance.choice(list(spec)): {"a": anything(chance)}, "argv": []}],
        }
    return json.dumps(request).encode()


@pytest.mark.parametrize("greets", [True, False])
def test_hostile_lines_harm_nothing_and_start_nothing(tmp_path: Path, *, greets: bool) -> None:
    chance = random.Random(SEED)
    with running_keeper(tmp_path / "keeper") as keeper:
        pid = keeper.run("kept", "sleep", "600")
        spec = keeper.spec("hostile", "sleep", "600")
        for _ in range(LINES):
            sent = line(chance, spec)
            with contextlib.suppress(OSError, EOFError, ValueError), keeper.client(greets=greets) as client:
                client.write(sent + b"\n" + b'{"id": 1, "call": "hello"}\n')
                client.line()
        assert keeper.call("hello")["pid"] == keeper.pid
        assert set(keeper.processes()) == {keeper.id("kept")}
        assert keeper.living() == [pid]
        assert memory_of(keeper) < MAX_MEMORY_BYTES
        assert "Traceback" not in keeper.log()


def memory_of(keeper: RunningKeeper) -> int:
    assert proc.is_alive(keeper.pid)
    return int(Path(f"/proc/{keeper.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
