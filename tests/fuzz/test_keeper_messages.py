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
MAX_PROCESSOR_SECONDS = 0.02
"""For each line on the average: some hundred times as much as one takes, and no time of the clock's."""


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
        before = processor_seconds_of(keeper)
        for _ in range(LINES):
            sent = line(chance, spec)
            with contextlib.suppress(OSError, EOFError, ValueError), keeper.client(greets=greets) as client:
                client.write(sent + b"\n" + b'{"id": 1, "call": "hello"}\n')
                client.line()
        assert keeper.call("hello")["pid"] == keeper.pid
        assert set(keeper.processes()) == {keeper.id("kept")}
        assert keeper.living() == [pid]
        assert memory_of(keeper) < MAX_MEMORY_BYTES
        assert processor_seconds_of(keeper) - before < LINES * MAX_PROCESSOR_SECONDS
        assert "Traceback" not in keeper.log()


def memory_of(keeper: RunningKeeper) -> int:
    assert proc.is_alive(keeper.pid)
    return int(Path(f"/proc/{keeper.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds_of(keeper: RunningKeeper) -> float:
    """Return what the keeper itself has used; what it has started is not its own (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{keeper.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


LONG_LINES = {
    "nesting": b"[" * 4_000_000,
    "a number of many digits": b'{"id": ' + b"9" * 4_000_000 + b"}",
    "a text of escapes": b'{"id": 1, "call": "' + b"\\u0000" * 600_000 + b'"}',
    "many names": b"{" + b",".join(b'"%d":0' % number for number in range(300_000)) + b"}",
    "one name again and again": b"{" + b",".join([b'"a":0'] * 500_000) + b"}",
    "no end": b"x" * 4_000_000,
}
MAX_PROCESSOR_SECONDS_OF_A_LONG_LINE = 3.0


@pytest.mark.parametrize("kind", LONG_LINES)
def test_a_long_line_takes_a_time_that_its_length_decides(tmp_path: Path, kind: str) -> None:
    with running_keeper(tmp_path / "keeper") as keeper:
        before = processor_seconds_of(keeper)
        with contextlib.suppress(OSError, EOFError), keeper.client() as client:
            client.write(LONG_LINES[kind] + b"\n")
            client.line()
        assert keeper.call("hello")["pid"] == keeper.pid
        assert processor_seconds_of(keeper) - before < MAX_PROCESSOR_SECONDS_OF_A_LONG_LINE
