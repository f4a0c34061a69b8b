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
    with `expires` that is scored by the moment when a worker takes it again. `declared` is a question that is answered with
    more than zero once a client of the framework has made the queue known, whether or not it ever had a job.
    """

    main: str
    prefix: str
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
    declared: tuple[str, ...] = ()


def keys(connection: RedisQueues, queue: str) -> Keys:
    """Return the keys of a queue."""
    return _LAYOUTS[connection.layout](connection, queue)


def key_of(connection: RedisQueues, queue: str) -> str:
    """Return the key of a queue's list."""
    return keys(connection, queue).main


def _laravel(connection: RedisQueues, queue: str) -> Keys:
    tagged = connection.hash_tag and not ("{" in queue and "}" in queue)
    main = f"{connection.prefix}queues:{{{queue}}}" if tagged else f"{connection.prefix}queues:{queue}"
    return Keys(
        main=main,
        prefix=connection.prefix,
        delayed=f"{main}:delayed",
        reserved_set=f"{main}:reserved",
        expires=True,
    )


def _list(connection: RedisQueues, queue: str) -> Keys:
    return Keys(main=connection.prefix + queue, prefix=connection.prefix)


def _celery(connection: RedisQueues, queue: str) -> Keys:
    prefix = connection.prefix
    main, *others = (f"{prefix}{queue}{step}" for step in _CELERY_PRIORITIES)
    return Keys(
        main=main,
        prefix=prefix,
        from_the_end=True,
        waiting=tuple(others),
        reserved_hash=f"{prefix}unacked",  # what workers hold, in one hash for all queues
        # By default the exchange has the queue's name.
        declared=("SCARD", f"{prefix}_kombu.binding.{queue}"),
    )


def _rq(connection: RedisQueues, queue: str) -> Keys:
    prefix = connection.prefix
    main = f"{prefix}rq:queue:{queue}"
    return Keys(
        main=main,
        prefix=prefix,
        delayed=f"{prefix}rq:scheduled:{queue}",
        delayed_scale=0,
        reserved_set=f"{prefix}rq:wip:{queue}",
        failed=f"{prefix}rq:failed:{queue}",
        declared=("SISMEMBER", f"{prefix}rq:queues", main),
    )


def _bullmq(connection: RedisQueues, queue: str) -> Keys:
    prefix = connection.prefix or "bull"
    base = f"{prefix}:{queue}"
    return Keys(
        main=f"{base}:wait",
        prefix=prefix,
        from_the_end=True,
        waiting_sets=(f"{base}:prioritized",),
        delayed=f"{base}:delayed",
        delayed_scale=_BULLMQ_SCALE,
        reserved_list=f"{base}:active",
        failed=f"{base}:failed",
        declared=("HLEN", f"{base}:meta"),
    )


def _sidekiq(connection: RedisQueues, queue: str) -> Keys:
    prefix = connection.prefix
    return Keys(
        main=f"{prefix}queue:{queue}",
        prefix=prefix,
        from_the_end=True,
        declared=("SISMEMBER", f"{prefix}queues", queue),
    )


_LAYOUTS: Mapping[Layout, Callable[[RedisQueues, str], Keys]] = {
    Layout.LARAVEL: _laravel,
    Layout.LIST: _list,
    Layout.CELERY: _celery,
    Layout.RQ: _rq,
    Layout.BULLMQ: _bullmq,
    Layout.SIDEKIQ: _sidekiq,
}
