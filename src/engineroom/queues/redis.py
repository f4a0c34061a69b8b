"""Queues in Redis, as Laravel keeps them: a list and two sorted sets for each."""

import time
from typing import Any

from engineroom.queues.base import RedisQueues, Snapshot, UnmeasurableQueueError
from engineroom.queues.extras import imported

_SOCKET_SECONDS = 2.0

# Names the jobs at the head, as many as fit into 256 KiB of payloads, and the times that the first one carries.
_HEAD = """
local first = redis.call('lindex', KEYS[1], 0)
if not first then return {'', '', ''} end
local found = {
    string.match(first, '"createdAt":%s*(%d+)') or '',
    string.match(first, '"pushedAt":%s*"?([%d.]+)') or '',
    string.match(first, '"delay":%s*(%d+)') or ''}
local count = math.max(1, math.min(1000, math.floor(262144 / #first)))
for _, payload in ipairs(redis.call('lrange', KEYS[1], 0, count - 1)) do
    found[#found + 1] = string.match(payload, '"uuid":%s*"([^"]+)"') or string.match(payload, '"id":%s*"([^"]+)"')
        or redis.sha1hex(payload)
end
return found
"""

_SEARCH_SECONDS = 60.0
_SEARCH_CALLS = 10
_SCAN_COUNT = 1_000


class RedisDriver:
    """See `engineroom.queues.base.Driver`. Nothing here takes longer for a longer queue."""

    def __init__(self, connection: RedisQueues) -> None:
        self._connection = connection
        self._client: Any = _client(connection)
        self._errors: Any = imported("redis.exceptions")
        self._seen: set[str] = set()
        self._searched_at: dict[str, float] = {}
        self._doubts: dict[str, str] = {}

    async def snapshot(self, queue: str) -> Snapshot:
        """See Driver.snapshot."""
        key = key_of(self._connection, queue)
        # The workers compare with their own clock too; the scores are whole seconds since 1970.
        now = int(time.time())
        pipeline = self._client.pipeline(transaction=False)
        pipeline.llen(key)
        for kind in ("delayed", "reserved"):
            pipeline.zcard(f"{key}:{kind}")
            pipeline.zcount(f"{key}:{kind}", "-inf", now)
        pipeline.eval(_HEAD, 1, key)
        try:
            waiting, delayed, due, reserved, expired, head = await pipeline.execute()
        except self._errors.ResponseError as error:
            if "WRONGTYPE" in str(error):
                raise UnmeasurableQueueError(f"what is at {key!r} is no queue") from None
            raise
        if waiting or delayed or reserved:
            self._seen.add(key)
        elif key not in self._seen and not self._connection.cluster:
            await self._doubt(key, queue)
        created, pushed, delay, *window = (part.decode(errors="replace") for part in head)
        return Snapshot(
            waiting=waiting,
            due=due,
            delayed=delayed - due,
            reserved=reserved - expired,
            expired=expired,
            window=window,
            oldest_age_seconds=_age(created or pushed, delay),
        )

    async def close(self) -> None:
        """See Driver.close."""
        await self._client.aclose()

    async def _doubt(self, key: str, queue: str) -> None:
        """Tell an empty queue from a wrong prefix: nothing was ever seen here, but another prefix has such a queue.

        Raises UnmeasurableQueueError when that is so. It looks at some keys only, once a minute.
        """
        now = time.monotonic()
        if now >= self._searched_at.get(key, 0.0):
            self._searched_at[key] = now + _SEARCH_SECONDS
            self._doubts[key] = await self._elsewhere(key, queue)
        if self._doubts[key]:
            raise UnmeasurableQueueError(
                f"nothing was ever seen at {key!r}, but there is {self._doubts[key]!r}: if that is the queue, set "
                "REDIS_PREFIX to the application's prefix"
            )

    async def _elsewhere(self, key: str, queue: str) -> str:
        ours = {key, f"{key}:delayed", f"{key}:reserved", f"{key}:notify"}
        ends = tuple(f"queues:{queue}{suffix}" for suffix in ("", ":delayed", ":reserved"))
        cursor = 0
        for _ in range(_SEARCH_CALLS):
            cursor, names = await self._client.scan(
                cursor, match=f"*queues:{_escaped(queue)}*", count=_SCAN_COUNT
            )
            for found in names:
                name = str(found, errors="replace")
                if name.endswith(ends) and name not in ours:
                    return name.removesuffix(":delayed").removesuffix(":reserved")
            if cursor == 0:
                break
        return ""


def key_of(connection: RedisQueues, queue: str) -> str:
    """Return the key of a queue's list."""
    tagged = connection.hash_tag and not ("{" in queue and "}" in queue)
    return f"{connection.prefix}queues:{{{queue}}}" if tagged else f"{connection.prefix}queues:{queue}"


def _client(connection: RedisQueues) -> Any:
    library = imported("redis.asyncio")
    retrying = imported("redis.asyncio.retry")
    backoff = imported("redis.backoff")
    options = {
        # Once, for a connection that the server closed meanwhile. Whoever asks asks again soon.
        "retry": retrying.Retry(backoff.NoBackoff(), 1),
        # Its errors say what is wrong; those of the newer protocol's greeting are about the greeting.
        "protocol": 2,
        "username": connection.username,
        "password": connection.password,
        "socket_timeout": _SOCKET_SECONDS,
        "socket_connect_timeout": _SOCKET_SECONDS,
    }
    if connection.cluster:
        return library.RedisCluster(host=connection.host, port=connection.port, ssl=connection.tls, **options)
    if connection.socket is not None:
        pool = library.ConnectionPool(
            connection_class=library.UnixDomainSocketConnection,
            path=connection.socket,
            db=connection.database,
            **options,
        )
        return library.Redis.from_pool(pool)
    return library.Redis(
        host=connection.host, port=connection.port, db=connection.database, ssl=connection.tls, **options
    )


def _age(created: str, delay: str) -> float | None:
    """Return how long the first job has waited; both times that payloads carry are of the dispatch, before the delay."""
    if not created:
        return None
    return max(0.0, time.time() - float(created) - float(delay or 0))


def _escaped(queue: str) -> str:
    return "".join(f"\\{character}" if character in "*?[]\\" else character for character in queue)
