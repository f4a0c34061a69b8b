"""Queues in Redis: lists, sorted sets and hashes, whose keys `redis_keys.py` knows."""

import time
from collections.abc import Sequence
from typing import Any

from engineroom.queues.base import RedisQueues, Snapshot, UnmeasurableError, UnmeasurableQueueError
from engineroom.queues.drivers.extras import imported
from engineroom.queues.drivers.redis_client import connected
from engineroom.queues.drivers.redis_keys import Keys, keys
from engineroom.queues.drivers.redis_prefixes import PrefixSearch

# Names the jobs that come next, as many as fit into 256 KiB of payloads, and the times that the first one carries.
# With a second argument of 1 the list is taken from its end.
_HEAD = """
local last = ARGV[1] == '1'
local first = redis.call('lindex', KEYS[1], last and -1 or 0)
if not first then return {'', '', ''} end
local found = {
    string.match(first, '"createdAt":%s*(%d+)') or '',
    string.match(first, '"pushedAt":%s*"?([%d.]+)') or '',
    string.match(first, '"delay":%s*(%d+)') or ''}
local count = math.max(1, math.min(1000, math.floor(262144 / math.max(1, #first))))
local jobs = redis.call('lrange', KEYS[1], last and -count or 0, last and -1 or count - 1)
for place = 1, #jobs do
    local payload = jobs[last and #jobs + 1 - place or place]
    found[#found + 1] = string.match(payload, '"uuid":%s*"([^"]+)"') or string.match(payload, '"id":%s*"([^"]+)"')
        or string.match(payload, '"jid":%s*"([^"]+)"') or redis.sha1hex(payload)
end
return found
"""
_NO_HEAD = (b"", b"", b"")

_COMMANDS = "+llen +zcard +zcount +hlen +lindex +lrange +eval +select +ping +client|setinfo"


class RedisDriver:
    """See `engineroom.queues.base.Driver`. Nothing here takes longer for a longer queue."""

    def __init__(self, connection: RedisQueues) -> None:
        self._connection = connection
        self._client: Any = connected(connection)
        self._errors: Any = imported("redis.exceptions")
        self._seen: set[str] = set()
        self._elsewhere = PrefixSearch(connection, self._client)

    async def snapshot(self, queue: str) -> Snapshot:
        """See Driver.snapshot."""
        # The workers compare with their own clock too; the scores are whole seconds since 1970.
        now = int(time.time())
        its = keys(self._connection, queue)
        questions = _questions(its, now)
        answers = dict(zip(questions, await self._ask(its, list(questions.values())), strict=True))
        found = {name: self._counted(its, answer) for name, answer in answers.items() if name != "head"}
        waiting = sum(count for name, count in found.items() if name.startswith("waiting"))
        delayed, due = found.get("delayed", 0), found.get("due", 0)
        reserved = sum(count for name, count in found.items() if name.startswith("reserved"))
        doubt = ""
        if waiting or delayed or reserved:
            self.remember(queue)
        elif its.main not in self._seen and not self._connection.cluster and not self._connection.certain:
            doubt = await self._elsewhere.check(queue)
        head = self._head(answers["head"])
        created, pushed, delay, *window = (part.decode(errors="replace") for part in head)
        expired = found.get("expired", 0)
        return Snapshot(
            waiting=waiting,
            due=due,
            delayed=delayed - due,
            reserved=reserved - expired,
            expired=expired,
            window=window,
            oldest_age_seconds=_age(created or pushed, delay),
            failed=found.get("failed"),
            doubt=doubt,
        )

    def remember(self, queue: str) -> None:
        """See Driver.remember."""
        self._seen.add(keys(self._connection, queue).main)

    async def close(self) -> None:
        """See Driver.close."""
        await self._client.aclose()

    async def _ask(self, its: Keys, questions: Sequence[tuple[Any, ...]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for question in questions:
            pipeline.execute_command(*question)
        try:
            return list(await pipeline.execute(raise_on_error=False))
        except self._errors.ResponseError as error:
            raise self._explained(its, error) from None
        except (self._errors.RedisError, OSError) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise UnmeasurableError(_untrusted(error)) from None
            raise

    def _counted(self, its: Keys, answer: Any) -> int:
        if isinstance(answer, Exception):
            raise self._explained(its, answer)
        return int(answer)

    def _head(self, answer: Any) -> Sequence[bytes]:
        """Return what the script found; nothing where this user may not run it: the counts are none the worse."""
        if isinstance(answer, self._errors.ResponseError):
            return _NO_HEAD
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    def _explained(self, its: Keys, error: Exception) -> Exception:
        if "WRONGTYPE" in str(error):
            return UnmeasurableQueueError(f"what is at {its.main!r} is no queue")
        if isinstance(error, self._errors.NoPermissionError):
            return UnmeasurableQueueError(
                f"the user {self._user!r} of Redis may not ask how long {its.main!r} is ({error}); let it: "
                f"ACL SETUSER {self._user} {_COMMANDS}"
            )
        return error

    @property
    def _user(self) -> str:
        return self._connection.username or "default"


def _questions(its: Keys, now: int) -> dict[str, tuple[Any, ...]]:
    """Return what to ask, by what it says."""
    found: dict[str, tuple[Any, ...]] = {"waiting": ("LLEN", its.main)}
    found |= {f"waiting in {key}": ("LLEN", key) for key in its.waiting}
    found |= {f"waiting in {key}": ("ZCARD", key) for key in its.waiting_sets}
    if its.delayed:
        found["delayed"] = ("ZCARD", its.delayed)
        if its.delayed_scale:
            found["due"] = ("ZCOUNT", its.delayed, "-inf", now * its.delayed_scale)
    if its.reserved_set:
        found["reserved"] = ("ZCARD", its.reserved_set)
        if its.expires:
            found["expired"] = ("ZCOUNT", its.reserved_set, "-inf", now)
    if its.reserved_list:
        found["reserved"] = ("LLEN", its.reserved_list)
    if its.reserved_hash:
        found["reserved"] = ("HLEN", its.reserved_hash)
    if its.failed:
        found["failed"] = ("ZCARD", its.failed)
    found["head"] = ("EVAL", _HEAD, 1, its.main, int(its.from_the_end))
    return found


def _untrusted(error: Exception) -> str:
    return (
        f"its certificate is not trusted ({error}); name a file with that of its authority: as cafile in the context of the "
        "connection in config/database.php, or in an address such as "
        "ENGINEROOM_QUEUE_REDIS=rediss://HOST:PORT/0?prefix=…&cafile=FILE (verify=0 checks nothing)"
    )


def _age(created: str, delay: str) -> float | None:
    """Return how long the first job has waited; both times that payloads carry are of the dispatch, before the delay."""
    if not created:
        return None
    return max(0.0, time.time() - float(created) - float(delay or 0))
