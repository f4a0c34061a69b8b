"""A keeper that says and does what a test wants it to, on a socket of a folder."""

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from engineroom import __version__
from engineroom.runtime.local import upgrades
from engineroom.runtime.local.keeper import PROTOCOL

JsonObject = dict[str, Any]

_UNUSED: JsonObject = {"processes": {}, "groups": {}}


class ScriptedKeeper:
    """Greets and is watched as a keeper, and then says what a test wants it to; counts who connects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.says: list[bytes] = []
        """What it says to who begins to watch."""
        self.processes: list[JsonObject] = []
        self.answers: dict[str, JsonObject] = {}
        """What it answers to calls, by their names, instead of what makes sense."""
        self.connections = 0
        self.watched_after: list[int] = []
        self._refuses_from: int | None = None
        self._refusal: str | None = None
        self._hello: JsonObject = {
            "protocol": PROTOCOL,
            "version": __version__,
            "pid": 1,
            "epoch": "e",
            "sequence": 7,
            "containers": None,
            "unlimited": {},
            "fingerprint": upgrades._fingerprint(),
            "python": sys.executable,
            "news": {"of": "the one and only", "items": []},
        }

    def refuse_from(self, number: int | None, *, refuses: str | None = None) -> None:
        """Hang up at the request of this number in each connection, and at all that come later; say why, or nothing."""
        self._refuses_from, self._refusal = number, refuses

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True)
        self._server = await asyncio.start_unix_server(self._answer, self.folder / "socket", limit=2**20)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = 0
        # Closed also when the test ends before its runtime has hung up.
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                number += 1
                if self._refuses_from is not None and number >= self._refuses_from:
                    if self._refusal is not None:
                        writer.write(json.dumps({"refused": self._refusal}).encode() + b"\n")
                        await writer.drain()
                    return
                request = json.loads(line)
                answer = {"id": request["id"], "result": self._result(request)}
                writer.write(json.dumps(answer).encode() + b"\n")
                if request["call"] == "watch":
                    writer.write(b"".join(self.says))
                await writer.drain()

    def _result(self, request: JsonObject) -> JsonObject:
        if request["call"] in self.answers:
            return self.answers[request["call"]]
        if request["call"] == "watch":
            self.watched_after.append(request["after"])
            return {"epoch": "e", "sequence": 7, "processes": self.processes}
        return {"hello": self._hello, "usage": _UNUSED}.get(request["call"], {})


@contextlib.contextmanager
def scripted_keeper(folder: Path) -> Iterator[ScriptedKeeper]:
    """Run one beside a test that waits for no loop of its own."""
    keeper = ScriptedKeeper(folder)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    listens = threading.Event()

    async def run() -> None:
        async with keeper:
            listens.set()
            await stop.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        assert listens.wait(30)
        yield keeper
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        (folder / "socket").unlink(missing_ok=True)
