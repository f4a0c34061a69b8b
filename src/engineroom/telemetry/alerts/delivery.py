"""Delivering alerts: each channel for itself, again and again with growing pauses, never in anybody's way."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from engineroom.telemetry.alerts.channels import Channel
from engineroom.telemetry.alerts.rules import Alert, Change
from engineroom.telemetry.threads import in_a_thread

_MAX_WAITING = 1000
_TRIES = 8
_FIRST_PAUSE_SECONDS = 1.0
_MAX_PAUSE_SECONDS = 300.0
_COMPLETED_SECONDS = 5.0
MAX_SECONDS = 30.0
"""However slowly a receiver answers, it is not waited for longer."""

Notice = tuple[Change, Alert]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending to one channel went; `error` is None when it arrived."""

    channel: str
    error: str | None


@dataclass(slots=True)
class _Lane:
    """What waits for one channel. The first is being sent; it leaves when it arrived, or was given up."""

    channel: Channel
    waiting: deque[Notice] = field(default_factory=deque)
    some: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, notice: Notice) -> None:
        if len(self.waiting) >= _MAX_WAITING:
            del self.waiting[1]
            _log.warning(
                "An alert is not sent: too many wait.", action="alert.dropped", channel=self.channel.name
            )
        self.waiting.append(notice)
        self.some.set()


class Delivery:
    """Sends alerts to every channel in their order. Used within an event loop, and closed in it.

    `changed` is called whenever something was sent, or given up: what waits is then to be remembered anew. `completed`
    returns an alert with what is only looked for when it is sent.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        *,
        changed: Callable[[], None] = lambda: None,
        completed: Callable[[Alert], Awaitable[Alert]] | None = None,
        first_pause_seconds: float = _FIRST_PAUSE_SECONDS,
    ) -> None:
        # Two channels may have one name; their places in the settings tell them apart.
        self._lanes = {f"{place} {channel.name}": _Lane(channel) for place, channel in enumerate(channels)}
        self._changed = changed
        self._completed = completed
        self._first_pause_seconds = first_pause_seconds
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> Mapping[str, Sequence[Notice]]:
        """What is not sent yet, by channel: to be given to `open` by the next server."""
        return {name: list(lane.waiting) for name, lane in self._lanes.items() if lane.waiting}

    def open(self, waiting: Mapping[str, Iterable[Notice]]) -> None:
        """Begin to send, first what waited when the server before ended; a channel that is gone gets nothing."""
        for name, several in waiting.items():
            for notice in several if name in self._lanes else ():
                self._lanes[name].put(notice)
        self._tasks = [asyncio.create_task(self._deliver(lane)) for lane in self._lanes.values()]

    async def close(self) -> None:
        """Stop to send."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, change: Change, alert: Alert) -> None:
        """Have an alert sent; return at once. Where a channel is stuck, the oldest that waits for it gives way."""
        for lane in self._lanes.values():
            lane.put((change, alert))

    async def test(self, alert: Alert) -> list[Outcome]:
        """Send an alert to every channel once, now, and return how that went."""
        channels = [lane.channel for lane in self._lanes.values()]
        errors = await asyncio.gather(*(_try(channel, Change.FIRING, alert) for channel in channels))
        return [Outcome(channel.name, error) for channel, error in zip(channels, errors, strict=True)]

    async def _deliver(self, lane: _Lane) -> None:
        while True:
            while lane.waiting:
                await self._send(lane.channel, *lane.waiting[0])
                lane.waiting.popleft()
                self._changed()
            lane.some.clear()
            await lane.some.wait()

    async def _complete(self, alert: Alert) -> Alert:
        """Return the alert with all that people are to be told; what that takes must not keep it from being sent."""
        if self._completed is None:
            return alert
        try:
            async with asyncio.timeout(_COMPLETED_SECONDS):
                return await self._completed(alert)
        except Exception as error:  # noqa: BLE001 - the alert itself is what matters
            _log.warning("Cannot say more of an alert.", action="alert.incomplete", reason=str(error))
            return alert

    async def _send(self, channel: Channel, change: Change, alert: Alert) -> None:
        alert = await self._complete(alert)
        for number in range(_TRIES):
            reason = await _try(channel, change, alert)
            if reason is None:
                _log.info(
                    "Sent an alert.", action="alert.sent", channel=channel.name, rule=alert.subject.rule
                )
                return
            pause = min(_MAX_PAUSE_SECONDS, self._first_pause_seconds * 2**number)
            _log.warning(
                "Cannot send an alert.",
                action="alert.failed",
                channel=channel.name,
                reason=reason,
                try_number=number + 1,
            )
            # Spread, so that many servers that lost the same receiver do not come back all at once.
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311
        _log.error(
            "Gave an alert up.", action="alert.given_up", channel=channel.name, rule=alert.subject.rule
        )


async def _try(channel: Channel, change: Change, alert: Alert) -> str | None:
    """Send an alert once, and return why it did not arrive; None when it did."""
    try:
        async with asyncio.timeout(MAX_SECONDS):
            await in_a_thread(lambda: channel.send(change, alert))
    except TimeoutError:
        return f"{channel.name} did not answer within {MAX_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, others have to be told all the same
        return str(error)
    return None
