"""Which driver measures which kind of queue. Each is imported when it is needed: some take long to be."""

import importlib
from collections.abc import Mapping

from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    Driver,
    QueueConnection,
    RedisQueues,
    SqsQueues,
)
from engineroom.queues.networks import ANY_NETWORK, Networks

_DRIVERS: Mapping[type[QueueConnection], tuple[str, str]] = {
    BeanstalkdQueues: ("engineroom.queues.drivers.beanstalkd", "BeanstalkdDriver"),
    DatabaseQueues: ("engineroom.queues.drivers.database", "DatabaseDriver"),
    RedisQueues: ("engineroom.queues.drivers.redis", "RedisDriver"),
    SqsQueues: ("engineroom.queues.drivers.sqs", "SqsDriver"),
}
_LATE = ("concurrent.futures.thread", "email.parser", "encodings.idna", "encodings.punycode")
"""What the standard library and clients import no earlier than when they connect."""
_LIBRARIES: Mapping[type[QueueConnection], tuple[str, ...]] = {
    BeanstalkdQueues: (),
    RedisQueues: ("redis.asyncio", "redis.asyncio.retry", "redis.backoff", "redis.exceptions"),
    SqsQueues: ("engineroom.queues.drivers.sqs_client",),
}
_DATABASES: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("sqlalchemy.dialects.sqlite.pysqlite",),
    "postgresql": ("sqlalchemy.dialects.postgresql.psycopg", "psycopg"),
    "mysql": ("sqlalchemy.dialects.mysql.pymysql", "pymysql"),
}


def driver(connection: QueueConnection, networks: Networks = ANY_NETWORK) -> Driver:
    """Return a driver, not connected yet, that connects to nothing outside of these networks.

    In C libraries it sees to that itself; of Python code the process has to (`Networks.enforce`).
    Raises UnmeasurableError when its client library is not there.
    """
    module, name = _DRIVERS[type(connection)]
    kind = getattr(importlib.import_module(module), name)
    made: Driver = kind(connection, networks) if isinstance(connection, DatabaseQueues) else kind(connection)
    return made


def modules(connection: QueueConnection) -> tuple[str, ...]:
    """Return what the driver imports: a process that may not read engineroom's files has to have it before."""
    module, _ = _DRIVERS[type(connection)]
    if isinstance(connection, DatabaseQueues):
        return (module, *_LATE, *_DATABASES[connection.dialect])
    return (module, *_LATE, *_LIBRARIES[type(connection)])
