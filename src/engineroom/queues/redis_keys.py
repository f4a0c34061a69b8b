"""Which keys a queue has in Redis, and what each says, by whose queue it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engineroom.queues.base import Layout, RedisQueues

_CELERY_PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")
"""Kombu's: a list for each step of priority (kombu/transport/redis.py)."""
_BULLMQ_SCALE = 4096 * 1000
"""Scores are milliseconds, with room below for the order of jobs of one millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one queue. `main` is its list; the job that is taken next is its last one with `from_the_end`.

    `waiting` are other lists and sorted sets whose jobs wait too. `delayed` is scored by the moment when a job is due,
    `delayed_scale` to the second (0: it is not the workers that take what is due). `reserved` are in hand;
    with `expires` that is scored by the moment when a worker takes it again. `others` are what else the queue has.
    """

    main: str
    from_the_end: bool = False
    waiting: tuple[str, ...] = ()
    waiting_sets: tuple[str, ...] = ()
    delayed: str | None = None
    delayed_scale: int = 1
    reserved_set: str | None = None
    expires: bool = False
    reserved_list: str | None = None
    reserved_hash: str | None = None
    failed: str | None = None

    @property
    def all(self) -> frozenset[str]:
        """Return every key."""
        found = (self.delayed, self.reserved_set, self.reserved_list, self.reserved_hash, self.failed)
        return frozenset({self.main, *self.waiting, *self.waiting_sets, *filter(None, found)})


def keys(connection: RedisQueues, queue: str) -> Keys:
    """Return the keys of a queue."""
    return _LAYOUTS[connection.layout](connection, queue)


def key_of(connection: RedisQueues, queue: str) -> str:
    """Return the key of a queue's list."""
    return keys(connection, queue).main


def _laravel(connection: RedisQueues, queue: str) -> Keys:
    tagged = connection.hash_tag and not ("{" in queue and "}" in queue)
    main = f"{connection.prefix}queues:{{{queue}}}" if tagged else f"{connection.prefix}queues:{queue}"
    return Keys(main=main, delayed=f"{main}:delayed", reserved_set=f"{main}:reserved", expires=True)


def _list(connection: RedisQueues, queue: str) -> Keys:
    return Keys(main=connection.prefix + queue)


def _celery(connection: RedisQueues, queue: str) -> Keys:
    main, *others = (f"{connection.prefix}{queue}{step}" for step in _CELERY_PRIORITIES)
    # What workers hold is in one hash for all queues.
    unacknowledged = f"{connection.prefix}unacked"
    return Keys(main=main, from_the_end=True, waiting=tuple(others), reserved_hash=unacknowledged)


def _rq(connection: RedisQueues, queue: str) -> Keys:
    prefix = connection.prefix
    return Keys(
        main=f"{prefix}rq:queue:{queue}",
        delayed=f"{prefix}rq:scheduled:{queue}",
        delayed_scale=0,
        reserved_set=f"{prefix}rq:wip:{queue}",
        failed=f"{prefix}rq:failed:{queue}",
    )


def _bullmq(connection: RedisQueues, queue: str) -> Keys:
    base = f"{connection.prefix or 'bull'}:{queue}"
    return Keys(
        main=f"{base}:wait",
        from_the_end=True,
        waiting_sets=(f"{base}:prioritized",),
        delayed=f"{base}:delayed",
        delayed_scale=_BULLMQ_SCALE,
        reserved_list=f"{base}:active",
        failed=f"{base}:failed",
    )


def _sidekiq(connection: RedisQueues, queue: str) -> Keys:
    return Keys(main=f"{connection.prefix}queue:{queue}", from_the_end=True)


_LAYOUTS: Mapping[Layout, Callable[[RedisQueues, str], Keys]] = {
    Layout.LARAVEL: _laravel,
    Layout.LIST: _list,
    Layout.CELERY: _celery,
    Layout.RQ: _rq,
    Layout.BULLMQ: _bullmq,
    Layout.SIDEKIQ: _sidekiq,
}
