import asyncio
import socket

import pytest

from engineroom.queues.base import BeanstalkdQueues
from tests.queues.measuring import Clock, a_meter, known, measure_once, unknown

pytestmark = pytest.mark.needs("beanstalkd")


class Producer:
    """Puts jobs into tubes, and takes them out, in beanstalkd's own words."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._answers = self._socket.makefile("rb")

    def ask(self, *lines: str) -> str:
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return self._answers.readline().decode().strip()

    def put(self, tube: str, *, delay: int = 0) -> None:
        self.ask(f"use {tube}")
        assert self.ask(f"put 1024 {delay} 60 2", "{}").startswith("INSERTED")

    def take(self, tube: str) -> str:
        self.ask(f"watch {tube}")
        number = self.ask("reserve").split()[1]
        self._answers.readline()
        return number

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


def test_a_tube_is_counted_and_its_counters_tell_what_was_done(beanstalkd_port: int) -> None:
    connection = BeanstalkdQueues(host="127.0.0.1", port=beanstalkd_port)
    producer = Producer(beanstalkd_port)
    clock = Clock()

    async def measure() -> None:
        async with a_meter(clock) as meter:
            for _ in range(3):
                producer.put("emails")
            producer.put("emails", delay=600)
            before = known(await meter.measure(connection, "emails"))
            assert (before.waiting, before.delayed, before.reserved) == (3, 1, 0)
            assert before.oldest is not None
            assert before.oldest.at_least_seconds < 60

            number = producer.take("emails")
            producer.ask(f"delete {number}")
            producer.take("emails")
            producer.put("emails")
            clock.now += 2
            after = known(await meter.measure(connection, "emails"))
            assert (after.waiting, after.reserved) == (2, 1)
            assert after.flow is not None
            assert (after.flow.taken, after.flow.arrived) == (1, 1)

    asyncio.run(measure())
    producer.close()


def test_a_tube_that_nobody_uses_is_empty(beanstalkd_port: int) -> None:
    measured = known(measure_once(BeanstalkdQueues(host="127.0.0.1", port=beanstalkd_port), "nobody"))

    assert measured.available == 0


def test_a_name_that_no_tube_can_have_is_unknown(beanstalkd_port: int) -> None:
    reason = unknown(measure_once(BeanstalkdQueues(host="127.0.0.1", port=beanstalkd_port), "a b"))

    assert "no tube named 'a b'" in reason
