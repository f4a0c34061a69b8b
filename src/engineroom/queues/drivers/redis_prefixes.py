"""Tells an empty queue in Redis from a wrong prefix: jobs under the same name elsewhere speak for a wrong one."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engineroom.queues.base import Layout, RedisQueues, UnmeasurableQueueError
from engineroom.queues.drivers.extras import imported
from engineroom.queues.drivers.redis_keys import Keys, keys

_SEARCH_SECONDS = 60.0
_SEARCH_CALLS = 10
_SCAN_COUNT = 1_000
_MAX_CANDIDATES = 100


@dataclass(slots=True)
class _Finding:
    """What the last search found: another prefix that has jobs, or why nothing could be looked for."""

    searched_at: float
    prefix: str | None = None
    doubt: str = ""


class PrefixSearch:
    """Looks for a queue under other prefixes, once a minute at most, and among some thousands of keys only."""

    def __init__(self, connection: RedisQueues, client: Any) -> None:
        self._connection = connection
        self._client = client
        self._errors: Any = imported("redis.exceptions")
        self._found: dict[str, _Finding] = {}

    async def check(self, queue: str) -> str:
        """Return why it cannot be looked for, which is no reason not to measure: workers need no such right.

        Raises UnmeasurableQueueError while another prefix has jobs in such a queue.
        """
        finding = await self._finding(queue)
        if finding.prefix is not None:
            here, there = (self._keys(queue, prefix).main for prefix in (None, finding.prefix))
            raise UnmeasurableQueueError(
                f"nothing was ever seen at {here!r}, but there is {there!r}: if that is the queue, "
                f"{_how_to_tell(self._connection.layout)}"
            )
        return finding.doubt

    async def _finding(self, queue: str) -> _Finding:
        known = self._found.get(queue)
        if known is None or time.monotonic() >= known.searched_at + _SEARCH_SECONDS:
            self._found[queue] = known = await self._search(queue)
        elif known.prefix is not None and not await self._still(queue, known.prefix):
            known.prefix = None
        return known

    async def _still(self, queue: str, prefix: str) -> bool:
        return not await self._is_declared(queue) and bool(await self._with_jobs(queue, [prefix]))

    async def _search(self, queue: str) -> _Finding:
        finding = _Finding(time.monotonic())
        if await self._is_declared(queue):
            return finding
        try:
            candidates = await self._candidates(queue)
        except self._errors.NoPermissionError as error:
            user = self._connection.username or "default"
            finding.doubt = f"{error}; to have it looked for: ACL SETUSER {user} +scan"
        else:
            finding.prefix = next(iter(await self._with_jobs(queue, candidates)), None)
        return finding

    async def _is_declared(self, queue: str) -> bool:
        """Return whether a client of its framework has said that this queue is right here."""
        question = self._keys(queue).declared
        try:
            return bool(question) and bool(await self._client.execute_command(*question))
        except self._errors.ResponseError:  # it may not ask, or something else is there
            return False

    async def _candidates(self, queue: str) -> Sequence[str]:
        """Return the prefixes under which there is a key by a name of this queue, whatever that is."""
        its = self._keys(queue)
        found: dict[str, None] = {}
        cursor = 0
        for _ in range(_SEARCH_CALLS):
            pattern = f"*{_escaped(its.main.removeprefix(its.prefix))}*"
            cursor, names = await self._client.scan(cursor, match=pattern, count=_SCAN_COUNT)
            found |= dict.fromkeys(_prefixes(its, queue, (str(name, errors="replace") for name in names)))
            if cursor == 0 or len(found) >= _MAX_CANDIDATES:
                break
        return list(found)[:_MAX_CANDIDATES]

    async def _with_jobs(self, queue: str, prefixes: Sequence[str]) -> Sequence[str]:
        """Return those under which this queue has jobs. A key of another type is no queue, such as kombu's bindings."""
        asked = [
            (prefix, question) for prefix in prefixes for question in _lengths(self._keys(queue, prefix))
        ]
        pipeline = self._client.pipeline(transaction=False)
        for _, question in asked:
            pipeline.execute_command(*question)
        answers = await pipeline.execute(raise_on_error=False)
        return [
            prefix
            for (prefix, _), answer in zip(asked, answers, strict=True)
            if isinstance(answer, int) and answer > 0
        ]

    def _keys(self, queue: str, prefix: str | None = None) -> Keys:
        connection = self._connection if prefix is None else replace(self._connection, prefix=prefix)
        return keys(connection, queue)


def _prefixes(its: Keys, queue: str, names: Iterable[str]) -> Iterable[str]:
    """Return what stands before the name of a key of this queue, in names of keys that are not its own."""
    inner = its.main.removeprefix(its.prefix)
    own = [key for key in (its.main, *its.waiting, its.delayed, its.reserved_set) if key is not None]
    suffixes = [key.removeprefix(its.prefix) for key in own if key.startswith(its.main)]
    for name in names:
        for suffix in suffixes:
            prefix = name.removesuffix(suffix)
            if prefix not in (name, its.prefix) and _separated(prefix, inner, queue):
                yield prefix


def _separated(prefix: str, inner: str, queue: str) -> bool:
    """Tell a prefix from the beginning of a longer name, where a key is nothing but a name: "hotmail" is no "mail"."""
    return inner != queue or not prefix[-1:].isalnum()


def _lengths(its: Keys) -> Sequence[tuple[str, str]]:
    lists, sets = (its.main, *its.waiting), (*its.waiting_sets, its.delayed, its.reserved_set)
    return [("LLEN", key) for key in lists] + [("ZCARD", key) for key in sets if key is not None]


def _how_to_tell(layout: Layout) -> str:
    if layout is Layout.LARAVEL:
        return "set REDIS_PREFIX to the application's prefix"
    return "give its prefix in the address of the queue, as ?prefix=…"


def _escaped(queue: str) -> str:
    return "".join(f"\\{character}" if character in "*?[]\\" else character for character in queue)
