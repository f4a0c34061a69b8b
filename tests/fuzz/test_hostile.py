"""Files of tenants and answers of their servers, made up: figures or a reason, within limits, and never an exception.

`make test` runs some with a fixed seed, `make fuzz` many with a new seed each time.
"""

import asyncio
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from engineroom.model.queue import Measurement, Unknown
from engineroom.queues.finding import FIND, Sought
from engineroom.queues.isolated.driver import isolated
from engineroom.queues.isolated.pool import Pool
from engineroom.queues.meter import Meter
from engineroom.queues.networks import ANY_NETWORK
from engineroom.sandbox import Account, Sandbox, SandboxError, Tenant
from tests.queues.isolated.connections import KINDS
from tests.support.hostile_server import hostile_server, said

SEED = int(os.environ.get("ENGINEROOM_FUZZ_SEED", "20261125"))
EXAMPLES = 25 * (1 + int(os.environ.get("ENGINEROOM_FUZZ_SECONDS", "0")) // 10)
_MAX_MEGABYTES = 150
"""More than asking takes of this process; less than what a server could make it take."""

_PIECES = st.sampled_from(
    [
        "A",
        "APP_ENV",
        "REDIS_HOST",
        "REDIS_URL",
        "=",
        '"',
        "'",
        "\\",
        "${",
        "}",
        "$",
        "#",
        " ",
        "\t",
        "\n",
        "\r",
        "\u00a0",
        "\0",
    ]
)
_TEXTS = st.lists(_PIECES | st.text(max_size=5), max_size=200).map("".join)
_WORDS = st.sampled_from(
    [
        b"+OK\r\n",
        b"-ERR\r\n",
        b":1\r\n",
        b":-1\r\n",
        b"$-1\r\n",
        b"$3\r\nabc\r\n",
        b"$99999999\r\n",
        b"*2\r\n",
        b"*-1\r\n",
        b"OK 5\r\n",
        b"FOUND 1 2\r\n",
        b"NOT_FOUND\r\n",
        b"current-jobs-ready: 1\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"{}",
        b"R\0\0\0\x08",
        b"\0\0\0\0",
        b"\xff\xff\xff\x7f",
        b"E\0\0\0\x05",
        b"\x0a8.0\0",
    ]
)
_ANSWERS = st.lists(_WORDS | st.binary(max_size=8), min_size=1, max_size=20).map(b"".join)


MADE_UP = settings(
    max_examples=EXAMPLES,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Asking:
    """A sandbox that outlives the examples, on an event loop of its own."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.sandbox = Sandbox()
        self.tenant = Tenant(folder="/")
        self.pool = Pool(
            self.sandbox,
            Account(os.geteuid(), os.getegid()),
            ANY_NETWORK,
            answer_seconds=1.0,
            tenant=self.tenant,
        )

    async def find(self, folder: Path) -> None:
        sought = Sought(folder=str(folder), variables={}, connection="redis", queues=None)
        try:
            _, found = await self.sandbox.ask(FIND, sought, self.tenant)
        except SandboxError:
            return
        assert found.connection is not None or found.why

    async def measure(self, kind: str, answer: bytes) -> None:
        with hostile_server(said(answer)) as server:
            meter = Meter(driver=isolated(self.pool), answer_seconds=60)
            found = await meter.measure(KINDS[kind](server.port), "default")
            await meter.close()
        assert isinstance(found, Measurement | Unknown)
        if isinstance(found, Measurement):
            assert min(found.waiting, found.delayed, found.reserved) >= 0

    async def close(self) -> None:
        self.pool.close()
        await self.sandbox.close()


def _resident_megabytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() >> 20


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    before = _resident_megabytes()
    made = Asking()
    yield made
    made.runner.run(made.close())
    made.runner.close()
    assert _resident_megabytes() - before < _MAX_MEGABYTES


def made_up(test):  # type: ignore[no-untyped-def]
    """Have a test run on so many examples, however long each takes."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return seed(SEED)(settings(max_examples=EXAMPLES, database=None, suppress_health_check=checks)(test))


@seed(SEED)
@MADE_UP
@given(dotenv=_TEXTS, lock=_TEXTS, configuration=_TEXTS)
def test_files_of_an_application_are_understood_or_not(
    asking: Asking, tmp_path: Path, dotenv: str, lock: str, configuration: str
) -> None:
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / ".env").write_text(dotenv, encoding="utf-8", newline="")
    (tmp_path / "composer.lock").write_text(lock, encoding="utf-8", newline="")
    (tmp_path / "config" / "queue.php").write_text(
        f"<?php return {configuration}", encoding="utf-8", newline=""
    )
    asking.runner.run(asking.find(tmp_path))


@pytest.mark.parametrize("kind", ["redis", "beanstalkd", "postgresql", "mysql"])
@seed(SEED)
@MADE_UP
@given(answer=_ANSWERS)
def test_answers_of_a_server_are_figures_or_a_reason(asking: Asking, kind: str, answer: bytes) -> None:
    asking.runner.run(asking.measure(kind, answer))
