"""A queue's server is whatever its tenant named: it costs the tenant his own figures, for a while, and nobody else's."""

import asyncio
import socket
from pathlib import Path

import pytest

from engineroom.model.queue import Unknown
from engineroom.queues.meter import Meter
from tests.queues.isolated.connections import KINDS, redis
from tests.queues.isolated.pools import until_known, with_meter
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

    with hostile_server(answer) as server:
        found, waiting = with_meter(home, ask)

    assert isinstance(found, Unknown), found
    assert waiting == 2
