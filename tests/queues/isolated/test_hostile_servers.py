"""A queue's server is whatever its tenant named: it costs the tenant his own figures, for a while, and nobody else's."""

import asyncio
import gzip
import socket
from pathlib import Path

import pytest

from engineroom.model.queue import Unknown
from engineroom.queues.meter import Meter
from tests.queues.isolated.connections import KINDS, redis
from tests.queues.isolated.pools import measured, until_known, with_meter
from tests.support.hostile_server import Answer, drip, endless, hostile_server, said
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.needs("root", "redis-server")


def _silent(connected: socket.socket) -> None:
    while connected.recv(65536):
        pass


_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_MYSQL_GREETING = (
    b"\x0a8.0.0\0"
    + bytes(4)
    + b"12345678\0"
    + b"\xff\xf7\x21\x02\x00\xff\x81\x15"
    + bytes(10)
    + b"1" * 12
    + b"\0"
)


def _packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


def _mysql_says(*packets: bytes, heard: list[bytes] | None = None) -> Answer:
    """Return a server of MySQL's that lets anybody in, answers the first question so, and keeps what is `heard` then."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(_packet(0, _MYSQL_GREETING))
        connected.recv(65536)
        connected.sendall(_packet(2, b"\0\0\0\2\0\0\0"))
        connected.recv(65536)
        for number, packet in enumerate(packets):
            connected.sendall(_packet(number + 1, packet))
        while some := connected.recv(65536):
            if heard is not None:
                heard.append(some)

    return answer


def _postgresql_says(*messages: tuple[bytes, bytes]) -> Answer:
    """Return a server of PostgreSQL's that has no TLS, and answers whoever logs in so, the last message for ever."""
    said = [kind + (len(body) + 4).to_bytes(4, "big") + body for kind, body in messages]

    def answer(connected: socket.socket) -> None:
        connected.sendall(b"N")
        connected.recv(65536)
        connected.sendall(b"".join(said))
        while True:
            connected.sendall(said[-1] * 100)

    return answer


def _http(status: bytes, body: bytes, *headers: bytes) -> Answer:
    head = b"\r\n".join((b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers))
    return said(head + b"\r\n\r\n" + body)


_BOMB = gzip.compress(b"[" * 300_000_000, compresslevel=9)
_NO_TEXT = rb'{"__type": "x", "message": "\u001b[2J\u0000\ud800' + b"x" * 1_000_000 + b'"}'


ATTACKS: dict[str, tuple[str, Answer]] = {
    "redis: silence": ("redis", _silent),
    "redis: an endless text": ("redis", endless(b"+", b"x" * 65536)),
    "redis: a text without bounds": ("redis", endless(b"$99999999999999\r\n", b"x" * 65536)),
    "redis: a list without bounds": ("redis", endless(b"*2000000000\r\n", b":1\r\n" * 10000)),
    "redis: a list in a list in a list": ("redis", endless(b"", b"*1\r\n" * 10000)),
    "redis: a drip": ("redis", drip(b"+OK\r\n")),
    "redis: figures beyond reason": ("redis", said(b":" + b"9" * 400 + b"\r\n")),
    "redis: figures below zero": (
        "redis",
        said(b":-5\r\n:-5\r\n:-5\r\n:-5\r\n:-5\r\n*3\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n"),
    ),
    "redis: another protocol": ("redis", said(b"HTTP/1.1 200 OK\r\n\r\n")),
    "redis: a redirection": ("redis", said(b"-MOVED 1 169.254.169.254:80\r\n")),
    "beanstalkd: an endless line": ("beanstalkd", endless(b"OK ", b"9" * 65536)),
    "beanstalkd: a body without bounds": ("beanstalkd", endless(b"OK 99999999999999\r\n", b"x" * 65536)),
    "beanstalkd: a drip": ("beanstalkd", drip(b"OK 1000000\r\n")),
    "beanstalkd: figures that are none": ("beanstalkd", said(b"OK 24\r\n---\ncurrent-jobs-ready: \n\r\n")),
    "sqs: a body without bounds": (
        "sqs",
        endless(_HTTP + b"Content-Length: 99999999999999\r\n\r\n", b"[" * 65536),
    ),
    "sqs: headers without end": ("sqs", endless(_HTTP, b"a: " + b"x" * 60000 + b"\r\n")),
    "sqs: a drip": ("sqs", drip(_HTTP + b"\r\n")),
    "sqs: figures that are none": ("sqs", said(_HTTP + b"Content-Length: 2\r\n\r\n{}")),
    "postgresql: silence": ("postgresql", _silent),
    "postgresql: a message without bounds": ("postgresql", endless(b"NE\x7f\xff\xff\xff", b"x" * 65536)),
    "postgresql: a drip": ("postgresql", drip(b"NR\x00\x00\x00\x08\x00\x00\x00\x00")),
    "mysql: silence": ("mysql", _silent),
    "mysql: packets without end": ("mysql", endless(b"", b"\xff\xff\xff\x00" + b"\x0a" * 0xFFFFFF)),
    "mysql: a file of this host's is asked for": ("mysql", _mysql_says(b"\xfb/etc/passwd")),
    "mysql: an error without bounds": (
        "mysql",
        _mysql_says(b"\xff\x28\x04#42000" + b"\0\x1b[2J\xff" + b"x" * 1_900_000),
    ),
    "postgresql: notices without end": (
        "postgresql",
        _postgresql_says((b"R", bytes(4)), (b"N", b"SNOTICE\0C00000\0M" + b"x" * 10000 + b"\0\0")),
    ),
    "postgresql: an error that a terminal obeys": (
        "postgresql",
        _postgresql_says((b"E", b"SFATAL\0C28000\0Mno\x1b]0;x\x07\r\nroot: a line of its own\0\0")),
    ),
    "sqs: a bomb": ("sqs", _http(b"200 OK", _BOMB, b"Content-Encoding: gzip")),
    "sqs: a redirection": (
        "sqs",
        _http(b"302 Found", b"", b"Location: http://169.254.169.254/latest/meta-data/"),
    ),
    "sqs: an error that is no text": ("sqs", _http(b"400 Bad Request", _NO_TEXT)),
    "sqs: arrays in arrays": ("sqs", _http(b"200 OK", b"[" * 1_000_000)),
    "mysql: a drip": ("mysql", drip(len(_MYSQL_GREETING).to_bytes(3, "little") + b"\0" + _MYSQL_GREETING)),
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_a_hostile_server_is_unknown_and_costs_no_other_queue_its_figures(
    home: Path, good: RedisServer, attack: str
) -> None:
    kind, answer = ATTACKS[attack]

    async def ask(meter: Meter) -> tuple[object, int]:
        hostile = KINDS[kind](server.port)
        asking = asyncio.create_task(meter.measure(hostile, "default"))
        others = await until_known(meter, redis(good.port))
        return await asking, others.waiting

    with hostile_server(answer, hears=kind != "mysql") as server:
        found, waiting = with_meter(home, ask)

    assert isinstance(found, Unknown), found
    assert found.reason.isprintable()
    assert len(found.reason) < 3000
    assert waiting == 2


def test_a_server_of_mysql_is_sent_no_file_that_it_asks_for(home: Path) -> None:
    heard: list[bytes] = []
    with hostile_server(_mysql_says(b"\xfb/etc/passwd", heard=heard), hears=False) as server:
        found = measured(home, KINDS["mysql"](server.port))
    assert isinstance(found, Unknown), found
    assert b"root:" not in b"".join(heard)
