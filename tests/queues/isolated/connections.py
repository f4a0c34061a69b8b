"""Connections of each kind to a server that a test is."""

from collections.abc import Callable, Mapping

from engineroom.queues.base import BeanstalkdQueues, DatabaseQueues, QueueConnection, RedisQueues, SqsQueues


def redis(port: int, host: str = "127.0.0.1") -> QueueConnection:
    return RedisQueues(host=host, port=port)


def beanstalkd(port: int, host: str = "127.0.0.1") -> QueueConnection:
    return BeanstalkdQueues(host=host, port=port)


def sqs(port: int, host: str = "127.0.0.1") -> QueueConnection:
    return SqsQueues(prefix=f"http://{host}:{port}/1", key="key", secret="secret")


def database(dialect: str, port: int, host: str = "127.0.0.1") -> QueueConnection:
    return DatabaseQueues(
        dialect=dialect, database="shop", host=host, port=port, username="shop", password="secret"
    )


def postgresql(port: int, host: str = "127.0.0.1") -> QueueConnection:
    return database("postgresql", port, host)


def mysql(port: int, host: str = "127.0.0.1") -> QueueConnection:
    return database("mysql", port, host)


KINDS: Mapping[str, Callable[..., QueueConnection]] = {
    "redis": redis,
    "beanstalkd": beanstalkd,
    "sqs": sqs,
    "postgresql": postgresql,
    "mysql": mysql,
}
