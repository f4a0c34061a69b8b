"""`engineroom logs` against a server that answers as the API does."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.api.conftest import api  # noqa: F401 - a fixture
from tests.api.logs.test_following import served
from tests.api.logs.test_logs import unfinished, write
from tests.runtime.asynchronous import asynchronous
from tests.support.api import Api
from tests.support.waiting import patient

ENGINEROOM = str(Path(sys.executable).with_name("engineroom"))


@pytest.fixture
def made(api: Api) -> str:  # noqa: F811
    return api.made()


@asynccontextmanager
async def command(
    api: Api,  # noqa: F811
    address: str,
    *words: str,
    stdout: int = asyncio.subprocess.PIPE,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command; what still runs at the end is interrupted, as by Ctrl-C."""
    token = api.client.headers["authorization"].removeprefix("Bearer ")
    environment = {"ENGINEROOM_URL": address, "ENGINEROOM_TOKEN": token, "PYTHONPATH": ":".join(sys.path)}
    process = await asyncio.create_subprocess_exec(
        ENGINEROOM,
        "logs",
        *words,
        env=environment,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@asynchronous
async def test_the_newest_are_shown(api: Api, made: str) -> None:  # noqa: F811
    await write(api, made, *(b"line %d" % number for number in range(20)), b"ERROR: bad \x1b[2J")
    async with served(api) as client:
        address = str(client.base_url)
        async with command(api, address, made, "-n", "3") as shown:
            output, _ = await shown.communicate()
        async with command(api, address, api.linked.environment, "--level", "error") as shown:
            errors, _ = await shown.communicate()

    assert [line.split(" ", 3)[3] for line in output.decode().splitlines()] == [
        "line 18",
        "line 19",
        "ERROR: bad \\x1b[2J",
    ]
    assert len(errors.splitlines()) == 1


@asynchronous
async def test_what_comes_is_followed(api: Api, made: str) -> None:  # noqa: F811
    await write(api, made, b"before")
    async with served(api) as client, command(api, str(client.base_url), made, "-f") as shown:
        assert shown.stdout is not None
        async with asyncio.timeout(patient(20)):
            assert (await shown.stdout.readline()).endswith(b"before\n")
            await write(api, made, b"live")
            assert (await shown.stdout.readline()).endswith(b"live\n")


@asynchronous
async def test_a_line_without_an_end_is_drawn_for_a_person_and_left_out_of_a_file(
    api: Api,  # noqa: F811
    made: str,
) -> None:
    await write(api, made, b"before")
    await unfinished(api, made, b"\r 10%\r 50%")
    async with served(api) as client:
        address = str(client.base_url)
        async with command(api, address, made) as shown:
            output, _ = await shown.communicate()
        assert [line.split(" ", 3)[3] for line in output.decode().splitlines()] == ["before", " 50%"]
        terminal, stdout = os.openpty()
        async with command(api, address, made, "-f", stdout=stdout), asyncio.timeout(patient(20)):
            drawn = b""
            while not drawn.endswith(b" 50%"):
                drawn += await asyncio.to_thread(os.read, terminal, 4096)
            await unfinished(api, made)
            await write(api, made, b"done")
            while not drawn.endswith(b"done\r\n"):
                drawn += await asyncio.to_thread(os.read, terminal, 4096)
        os.close(terminal)
        os.close(stdout)
        assert drawn.count(b"\n") == 2
        assert b" 50%\r\x1b[K" in drawn


@asynchronous
async def test_what_cannot_be_shown_is_said_in_one_line(api: Api, made: str) -> None:  # noqa: F811
    async with served(api) as client:
        for words in (["process-none"], [], [made, "--lines", "5000"], ["process-none", "-f"]):
            async with command(api, str(client.base_url), *words) as shown:
                _, error = await shown.communicate()
            assert shown.returncode == 1
            assert error.decode().count("\n") == 1
            assert error.startswith(b"engineroom: ")


@asynchronous
async def test_what_the_server_refuses_is_said_with_what_to_do(api: Api, made: str) -> None:  # noqa: F811
    async with served(api) as client:
        refused = (
            (["process-none"], b"none of this id"),
            ([made, "--token", "er_x"], b"engineroom token create"),
        )
        for words, what_to_do in refused:
            async with command(api, str(client.base_url), *words) as shown:
                _, error = await shown.communicate()
            assert what_to_do in error


@asynchronous
async def test_a_reader_that_goes_away_is_no_fault(api: Api, made: str) -> None:  # noqa: F811
    await write(api, made, *(b"line %d %s" % (number, b"x" * 500) for number in range(1000)))
    async with served(api) as client:
        for words in (["-n", "1000"], ["-n", "1000", "-f"]):
            reader, writer = os.pipe()
            async with command(api, str(client.base_url), made, *words, stdout=writer) as shown:
                os.close(writer)
                with os.fdopen(reader) as lines:
                    assert "line" in await asyncio.to_thread(lines.readline)
                async with asyncio.timeout(patient(20)):
                    _, told = await shown.communicate()
                    assert told == b""
                assert shown.returncode == 128 + signal.SIGPIPE
