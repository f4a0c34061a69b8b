"""Following the log over a real connection: nothing twice, nothing lost."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn

from engineroom.api import application
from engineroom.api.logs.following import frame
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.log import LogCode, LogEntry, LogLevel
from tests.api.logs.test_logs import unfinished, write
from tests.runtime.asynchronous import asynchronous, eventually
from tests.support.api import Api
from tests.support.ports import free_port
from tests.support.waiting import patient
from tests.telemetry.logs.made import NOON, SECOND


@contextlib.asynccontextmanager
async def served(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the API on a free port, and give a client of it."""
    port = free_port()
    config = uvicorn.Config(
        application(api.control), port=port, log_config=None, lifespan="off", ws="none", access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually("it listens", lambda: server.started)
    headers = {"authorization": api.client.headers["authorization"]}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=patient(20)
    ) as client:
        try:
            yield client
        finally:
            api.control.logs.end_following()
            server.should_exit = True
            await serving


async def events(answer: httpx.Response) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Yield the id and the data of each event."""
    id = 0
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            id = int(value)
        elif name == "data":
            yield id, json.loads(value)


@asynchronous
async def test_a_follower_gets_the_newest_and_then_what_comes(api: Api, made: str) -> None:
    await write(api, made, *(b"before %d" % number for number in range(5)))
    async with served(api) as client:
        path = f"/api/background-processes/{made}/logs?follow=true&tail=2"
        async with client.stream("GET", path) as answer:
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            got = events(answer)
            assert [(await anext(got))[1]["message"] for _ in range(2)] == ["before 3", "before 4"]
            await write(api, made, b"live", at=NOON + SECOND)
            id, line = await anext(got)

            assert (id, line["id"], line["message"]) == (6, 6, "live")


@asynchronous
async def test_a_follower_sees_how_a_line_grows_and_then_all_of_it_once(api: Api, made: str) -> None:
    await write(api, made, b"before")
    async with served(api) as client:
        path = f"/api/background-processes/{made}/logs?follow=true&tail=1"
        async with client.stream("GET", path) as answer:
            got = events(answer)
            await anext(got)
            for text in (b"\r 10%", b"\r 10%\r 90%"):
                await unfinished(api, made, text)
                id, line = await anext(got)
                assert (id, line["id"], line["message"]) == (1, None, text[-4:].decode())
            await write(api, made, b"done")
            await unfinished(api, made)
            assert [(id, line["message"]) for id, line in [await anext(got)]] == [(2, "done")]


@asynchronous
async def test_a_follower_that_comes_again_goes_on_where_it_was(api: Api, made: str) -> None:
    seen: list[int] = []
    async with served(api) as client:
        writing = asyncio.create_task(keep_writing(api, made, 60))
        while len(seen) < 600:
            headers = {"last-event-id": str(seen[-1])} if seen else {"last-event-id": "0"}
            path = f"/api/background-processes/{made}/logs?follow=true"
            async with client.stream("GET", path, headers=headers) as answer:
                got = events(answer)
                seen += [(await anext(got))[0] for _ in range(min(70, 600 - len(seen)))]
        await writing

    assert seen == list(range(1, 601))


@asynchronous
async def test_a_follower_of_a_log_that_began_anew_gets_all_of_it(api: Api, made: str) -> None:
    await write(api, made, b"first", b"second")
    async with served(api) as client:
        path = f"/api/background-processes/{made}/logs?follow=true"
        for last in ("500", str(1 << 80)):
            async with client.stream("GET", path, headers={"last-event-id": last}) as answer:
                got = events(answer)
                assert [(await anext(got))[1]["message"] for _ in range(2)] == ["first", "second"]


@asynchronous
async def test_a_follower_sees_only_what_it_asks_for(api: Api, made: str) -> None:
    async with served(api) as client:
        path = f"/api/background-processes/{made}/logs?follow=true&level=error&query=mail"
        async with client.stream("GET", path, headers={"last-event-id": "0"}) as answer:
            await write(api, made, b"ERROR: order", b"INFO: mail", b"ERROR: mail")
            id, line = await anext(events(answer))

            assert (id, line["message"]) == (3, "ERROR: mail")


@asynchronous
async def test_a_server_that_stops_lets_its_followers_go(api: Api, made: str) -> None:
    path = f"/api/background-processes/{made}/logs?follow=true"
    async with served(api) as client, client.stream("GET", path) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == ": alive"
        api.control.logs.end_following()
        async with asyncio.timeout(patient(5)):
            assert [line async for line in lines if line] == []


@pytest.mark.parametrize("path", ["/api/background-processes/{made}/logs", "/api/events"])
@pytest.mark.parametrize("how", ["revoked", "expired"])
@asynchronous
async def test_a_stream_ends_within_seconds_when_its_token_does(
    api: Api, made: str, path: str, how: str
) -> None:
    expires = (datetime.now(UTC) + timedelta(seconds=3)).isoformat() if how == "expired" else None
    async with served(api) as client:
        given = await client.post("/api/tokens", json={"name": "other", "expires_at": expires})
        token = given.json()["data"]
        other = {"authorization": f"Bearer {token['attributes']['secret']}"}
        follow = path.format(made=made) + "?follow=true"
        async with (
            client.stream("GET", follow, headers=other) as answer,
            client.stream("GET", follow) as mine,
        ):
            lines = answer.aiter_lines()
            assert await anext(lines) == ": alive"
            if how == "revoked":
                assert (await client.delete(f"/api/tokens/{token['id']}")).status_code == 204
            async with asyncio.timeout(patient(60)):
                assert [line async for line in lines if line.startswith("id:")] == []
            # Those of other tokens go on.
            assert await anext(mine.aiter_lines()) == ": alive"


@pytest.fixture
def made(api: Api) -> str:
    return api.made()


async def keep_writing(api: Api, of: str, batches: int) -> None:
    for number in range(batches):
        await write(api, of, *(b"%d %d" % (number, each) for each in range(10)), at=NOON + number * SECOND)
        await asyncio.sleep(0.005)


def test_events_of_long_entries_are_not_kept() -> None:
    def entry(number: int, text: bytes) -> LogEntry:
        who = BackgroundProcessId("process-1"), "process-1.1.0.abc", 1, 0, 4711, "stdout"
        return LogEntry(number, number, NOON, *who, LogCode(LogLevel.INFO), text)

    short, long = entry(1, b"short"), entry(2, b"x" * (1 << 20))
    assert frame(short) is frame(short)
    assert frame(long) == frame(long)
    assert frame(long) is not frame(long)
