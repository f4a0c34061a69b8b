"""What is no request, on raw connections: no fault of ours, bounded time and memory, and others are answered meanwhile."""

import os
import re
import select
import socket
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import httpx

from tests.fuzz.raw_requests import request
from tests.fuzz.test_fuzz import SECONDS, SEED
from tests.support import proc
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import patient

CONNECTIONS = 120
"""Of a short run."""
MAX_MEGABYTES = 400
MAX_PROCESSOR_SECONDS = 3.0
"""For one connection, of the server alone: how busy the machine is does not count."""


def test_whatever_is_sent_harms_nobody(tmp_path: Path, code: Path) -> None:
    random = Random(SEED)
    with EngineroomServer(tmp_path) as server:
        server.start()
        linked = server.link(code)
        paths = (
            f"/api/instances/{linked.instance}/background-processes",
            f"/api/applications/{linked.application}/avatar",
            f"/api/environments/{linked.environment}/variables",
            "/api/events?follow=true",
            "/api/tokens",
            "/sign-in/session",
        )
        until = time.monotonic() + SECONDS
        sent = 0
        while sent < CONNECTIONS or time.monotonic() < until:
            content = request(random, server.token, random.choice(paths))
            busy = processor_seconds(server.pid)
            send(server, content, random)
            sent += 1
            answer = httpx.get(f"{server.address}/healthz", timeout=patient(60), trust_env=False)
            assert answer.status_code == 200
            spent = processor_seconds(server.pid) - busy
            assert spent < MAX_PROCESSOR_SECONDS, (spent, len(content), content[:300])
        assert megabytes(server.pid) < MAX_MEGABYTES
        faults = re.findall(r'^.*(?:request\.failed|Traceback|"error").*$', server.output(), re.MULTILINE)
        assert proc.is_alive(server.pid)
    assert faults == [], faults[:3]


def send(server: EngineroomServer, content: bytes, random: Random) -> None:
    """Send in pieces, take what is answered at once, and go away in one way or another."""
    host, _, port = server.address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=patient(5)) as connection, suppress(OSError):
        for piece in pieces(content, random):
            connection.sendall(piece)
        if random.random() < 0.5:
            connection.shutdown(socket.SHUT_WR)
        elif random.random() < 0.3:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        while select.select([connection], [], [], 0.02)[0]:
            if not connection.recv(65536):
                return


def pieces(content: bytes, random: Random) -> list[bytes]:
    size = random.choice((1 << 20, 65536, 4096, 997))
    return [content[start : start + size] for start in range(0, len(content), size)]


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
