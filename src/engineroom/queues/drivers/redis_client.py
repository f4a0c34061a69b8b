"""The connection to a Redis server."""

from typing import Any

from engineroom.queues.base import RedisQueues, Tls
from engineroom.queues.drivers.extras import imported

_SOCKET_SECONDS = 2.0


def connected(connection: RedisQueues) -> Any:
    """Return a client, which connects when it is first asked."""
    library = imported("redis.asyncio")
    retrying = imported("redis.asyncio.retry")
    backoff = imported("redis.backoff")
    options: dict[str, Any] = {
        # Once, for a connection that the server closed meanwhile. Whoever asks asks again soon.
        "retry": retrying.Retry(backoff.NoBackoff(), 1),
        # Its errors say what is wrong; those of the newer protocol's greeting are about the greeting.
        "protocol": 2,
        "username": connection.username,
        "password": connection.password,
        "socket_timeout": _SOCKET_SECONDS,
        "socket_connect_timeout": _SOCKET_SECONDS,
    }
    if connection.socket is not None:
        pool = library.ConnectionPool(
            connection_class=library.UnixDomainSocketConnection,
            path=connection.socket,
            db=connection.database,
            **options,
        )
        return library.Redis.from_pool(pool)
    options |= {"host": connection.host, "port": connection.port, **_checks(connection.tls)}
    if connection.cluster:
        return library.RedisCluster(**options)
    return library.Redis(db=connection.database, **options)


def _checks(tls: Tls | None) -> dict[str, Any]:
    if tls is None:
        return {"ssl": False}
    return {
        "ssl": True,
        "ssl_ca_data": tls.authorities,
        "ssl_cert_reqs": "required" if tls.verify else "none",
        "ssl_check_hostname": tls.verify and tls.verify_name,
    }
