"""Delivering alerts: each channel for itself, again and again with growing pauses, never in anybody's way."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from engineroom.telemetry.alerts.channels import Channel, UndeliverableError
from engineroom.telemetry.alerts.rules import Alert, Change

_MOST_WAITING = 1000
_TRIES = 8
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending to one channel went; `error` is None when it arrived."""

    channel: str
    error: str | None


class Delivery:
    """Sends alerts to every channel in their order. Used within an event loop, and closed in it."""

    def __init__(
        self, channels: Sequence[Channel], *, first_pause_seconds: float = _FIRST_PAUSE_SECONDS
    ) -> None:
        self._channels = channels
        self._first_pause_seconds = first_pause_seconds
        self._waiting = [asyncio.Queue[tuple[Change, Alert]](_MOST_WAITING) for _ in channels]
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to send."""
        pairs = zip(self._channels, self._waiting, strict=True)
        self._tasks = [asyncio.create_task(self._deliver(*pair)) for pair in pairs]

    async def close(self) -> None:
        """Stop to send; what was not sent by then is not sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, change: Change, alert: Alert) -> None:
        """Have an alert sent; return at once. Where a channel is stuck, the oldest that waits for it gives way."""
        for channel, waiting in zip(self._channels, self._waiting, strict=True):
            if waiting.full():
                waiting.get_nowait()
                _log.warning(
                    "An alert is not sent: too many wait.", action="alert.dropped", channel=channel.name
                )
            waiting.put_nowait((change, alert))

    async def test(self, alert: Alert) -> list[Outcome]:
        """Send an alert to every channel once, now, and return how that went."""
        return list(await asyncio.gather(*(_try(channel, alert) for channel in self._channels)))

    async def _deliver(self, channel: Channel, waiting: asyncio.Queue[tuple[Change, Alert]]) -> None:
        while True:
            change, alert = await waiting.get()
            await self._send(channel, change, alert)

    async def _send(self, channel: Channel, change: Change, alert: Alert) -> None:
        for number in range(_TRIES):
            try:
                await asyncio.to_thread(channel.send, change, alert)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next alert has its own tries
                reason = str(error)
            else:
                _log.info(
                    "Sent an alert.", action="alert.sent", channel=channel.name, rule=alert.subject.rule
                )
                return
            pause = min(_LONGEST_PAUSE_SECONDS, self._first_pause_seconds * 2**number)
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


async def _try(channel: Channel, alert: Alert) -> Outcome:
    try:
        await asyncio.to_thread(channel.send, Change.FIRING, alert)
    except UndeliverableError as error:
        return Outcome(channel.name, str(error))
    return Outcome(channel.name, None)
