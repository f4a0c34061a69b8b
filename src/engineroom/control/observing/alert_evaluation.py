"""Evaluate the rules of alerts, and notify people of what fires and what is resolved, once, whatever is restarted."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engineroom.control.observing.alert_memory import AlertMemory, Remembered
from engineroom.control.observing.alert_values import AlertValues
from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.telemetry.alerts.config import AlertSettings
from engineroom.telemetry.alerts.delivery import Delivery, Notice, Outcome
from engineroom.telemetry.alerts.origin import Origin
from engineroom.telemetry.alerts.rules import (
    NOTHING,
    Alert,
    AlertState,
    AlertSubject,
    Change,
    RuleName,
    evaluate,
)

LastLines = Callable[[BackgroundProcessId, int], Awaitable[Sequence[str]]]
"""Returns so many of the lines that a background process has printed last, the oldest first."""


class AlertEvaluation:
    """Evaluate the rules whenever something was observed. `note` records an event of what fires and what is resolved.

    `last_lines` returns what a background process has printed last, for people to read.
    """

    def __init__(
        self,
        settings: AlertSettings,
        folder: Path,
        values: AlertValues,
        note: Callable[[Event], None],
        last_lines: LastLines | None = None,
    ) -> None:
        self._settings = settings
        self._memory = AlertMemory(folder / "alerts.json")
        self._values = values
        self._note = note
        self._last_lines = last_lines
        self._delivery = Delivery(settings.channels, changed=self._remember, completed=self._with_lines)
        self._held: dict[AlertSubject, Notice] = {}
        self._state = NOTHING

    @property
    def has_channels(self) -> bool:
        """Whether there is anybody to notify."""
        return bool(self._settings.channels)

    @property
    def firing(self) -> Sequence[Alert]:
        """The alerts that fire now, the oldest first."""
        return sorted(self._state.firing.values(), key=lambda alert: alert.since)

    def open(self) -> None:
        """Read what the server before has remembered, and begin to send."""
        found = self._memory.read()
        since = {alert.subject: alert.since for alert in found.firing}
        self._state = AlertState(since, {alert.subject: alert for alert in found.firing})
        self._held = {alert.subject: (change, alert) for change, alert in found.held}
        self._delivery.open(found.waiting)

    async def close(self) -> None:
        """Stop sending."""
        await self._delivery.close()

    async def test(self) -> Sequence[Outcome]:
        """Send an alert that says that it is a test to every channel, and return how that went."""
        return await self._delivery.test(
            Alert(
                subject=AlertSubject(RuleName.TEST, ""),
                message="This is a test.",
                figure=0,
                since=time.time(),
                origin=Origin(node=self._values.node),
            )
        )

    def take(self, observed: Sequence[ObservedBackgroundProcess], now: float) -> None:
        """Evaluate the rules on what was observed."""
        values, origins = self._values.of(observed, now), self._values.origins(observed)
        self._state, changed = evaluate(self._settings.rules, values, origins, self._state, now)
        for change, alert in changed:
            self._note(_event(change, alert))
            self._hold(change, alert)
        is_muted = self._settings.muted is not None and self._settings.muted.holds(now)
        notices = [] if is_muted else list(self._held.values())
        for change, alert in notices:
            self._delivery.send(change, alert)
            del self._held[alert.subject]
        if changed or notices or self._memory.is_unwritten:
            self._remember()

    async def _with_lines(self, alert: Alert) -> Alert:
        id, most = alert.subject.background_process_id, self._settings.last_lines
        if id is None or self._last_lines is None or not most:
            return alert
        return replace(alert, lines=tuple(await self._last_lines(BackgroundProcessId(id), most)))

    def _hold(self, change: Change, alert: Alert) -> None:
        """Hold a notice until it may be sent. What began and ended meanwhile, or the other way round, is not sent."""
        if self._held.pop(alert.subject, None) is None:
            self._held[alert.subject] = (change, alert)

    def _remember(self) -> None:
        """Write down what fires and what is still to be sent: the next server sends that, and no more."""
        held, waiting = list(self._held.values()), dict(self._delivery.waiting)
        self._memory.write(Remembered(list(self.firing), held, waiting))


def _event(change: Change, alert: Alert) -> Event:
    at = alert.since if alert.resolved_at is None else alert.resolved_at
    id = alert.subject.background_process_id
    ended = " It is over." if change is Change.RESOLVED else ""
    return Event(
        id=new_event_id(),
        background_process_id=None if id is None else BackgroundProcessId(id),
        kind=f"alert.{change}",
        message=alert.message + ended,
        data={"rule": alert.subject.rule, "figure": alert.figure},
        at=datetime.fromtimestamp(at, UTC),
    )
