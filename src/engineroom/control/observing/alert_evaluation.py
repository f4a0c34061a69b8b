"""Looks for what is wrong, tells people of it and of its end, and remembers what it told when the server starts again."""

import shutil
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from engineroom.control.loops.heartbeats import LostHost
from engineroom.control.observing.misunderstandings import Misunderstandings
from engineroom.control.observing.sampler import ObservedBackgroundProcess
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.telemetry.alerts.config import AlertSettings
from engineroom.telemetry.alerts.delivery import Delivery, Notice, Outcome
from engineroom.telemetry.alerts.origin import Origin
from engineroom.telemetry.alerts.rules import (
    KEEPER,
    NOTHING,
    Alert,
    AlertState,
    Change,
    RuleName,
    Subject,
    evaluate,
)

_FAILED_WITHIN_SECONDS = 600

LastLines = Callable[[BackgroundProcessId, int], Awaitable[Sequence[str]]]
"""Returns so many of the lines that a background process has printed last, the oldest first."""

_log = structlog.get_logger()


class _Memory(msgspec.Struct):
    """What the next server has to know: what fires, what is not to be told yet, and what waits for each channel."""

    firing: Sequence[Alert] = ()
    held: Sequence[Notice] = ()
    waiting: Mapping[str, Sequence[Notice]] = {}


class AlertEvaluation:
    """Takes what was observed, and decides with the rules. `note` records an event of what fires and what is resolved.

    `lost` returns the other hosts that are lost, where there are others; `misunderstandings` are what the keeper said that
    makes no sense. `node` is what this one is called, and `last_lines` returns what a background process has printed last.
    """

    def __init__(  # noqa: PLR0913
        self,
        settings: AlertSettings,
        folder: Path,
        *,
        reachable: Callable[[], bool],
        note: Callable[[Event], None],
        lost: Callable[[], Sequence[LostHost]] = tuple,
        misunderstandings: Misunderstandings | None = None,
        node: str = "",
        last_lines: LastLines | None = None,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._memory = folder / "alerts.json"
        self._reachable = reachable
        self._note = note
        self._lost = lost
        self._misunderstandings = misunderstandings or Misunderstandings()
        self._node = node
        self._last_lines = last_lines
        self._is_unwritten = False
        self._delivery = Delivery(settings.channels, changed=self._write, completed=self._with_lines)
        self._failed: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
        self._held: dict[Subject, Notice] = {}
        self._state = NOTHING

    @property
    def has_channels(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._settings.channels)

    @property
    def firing(self) -> Sequence[Alert]:
        """The alerts that fire now, the oldest first."""
        return sorted(self._state.firing.values(), key=lambda alert: alert.since)

    def open(self) -> None:
        """Remember what was told before, and begin to send."""
        found = self._read()
        since = {alert.subject: alert.since for alert in found.firing}
        self._state = AlertState(since, {alert.subject: alert for alert in found.firing})
        self._held = {alert.subject: (change, alert) for change, alert in found.held}
        self._delivery.open(found.waiting)

    async def close(self) -> None:
        """Stop to send."""
        await self._delivery.close()

    async def test(self) -> Sequence[Outcome]:
        """Send an alert that says that it is a test to every channel, and return how that went."""
        now = time.time()
        return await self._delivery.test(
            Alert(
                subject=Subject(RuleName.TEST, ""),
                message="This is a test.",
                figure=0,
                since=now,
                origin=Origin(node=self._node),
            )
        )

    def take(self, observed: Sequence[ObservedBackgroundProcess], now: float) -> None:
        """Look at what was observed."""
        lost = self._lost()
        origins = {"": Origin(node=self._node)} | {each.host: Origin(node=each.name) for each in lost}
        origins[KEEPER] = Origin(node=self._node, reason=self._misunderstandings.reason)
        origins |= {each.background_process: _origin(each, self._node) for each in observed}
        figures = {**self._figures(observed, now), **_hosts(lost)}
        before = self._state
        self._state, changed = evaluate(self._settings.rules, figures, origins, before, now)
        is_muted = self._settings.muted is not None and self._settings.muted.holds(now)
        for change, alert in changed:
            self._note(_event(change, alert))
            self._hold(change, alert)
        told = [] if is_muted else list(self._held.values())
        for change, alert in told:
            self._delivery.send(change, alert)
            del self._held[alert.subject]
        if changed or told or self._is_unwritten:
            self._write()

    async def _with_lines(self, alert: Alert) -> Alert:
        id, most = alert.subject.background_process_id, self._settings.last_lines
        if id is None or self._last_lines is None or not most:
            return alert
        return replace(alert, lines=tuple(await self._last_lines(BackgroundProcessId(id), most)))

    def _figures(
        self, observed: Sequence[ObservedBackgroundProcess], now: float
    ) -> Mapping[Subject, float | None]:
        figures: dict[Subject, float | None] = {
            Subject(RuleName.DISK_NEARLY_FULL, ""): _disk_percent(self._folder),
            Subject(RuleName.KEEPER_LOST, ""): 0.0 if self._reachable() else 1.0,
            Subject(RuleName.KEEPER_MISUNDERSTOOD, KEEPER): self._misunderstandings.count,
        }
        for each in observed:
            id = each.background_process
            figures[Subject(RuleName.CRASH_LOOP, id)] = each.crash_looping
            figures[Subject(RuleName.PROCESS_MISSING, id)] = each.missing
            if each.sample.queue_length == 0:
                figures[Subject(RuleName.OLDEST_JOB, id)] = 0.0
            else:
                figures[Subject(RuleName.OLDEST_JOB, id)] = each.sample.oldest_age_seconds
            figures[Subject(RuleName.FAILED_JOBS, id)] = self._newly_failed(id, each.sample.failed_jobs, now)
        return figures

    def _newly_failed(self, id: str, failed: float | None, now: float) -> float | None:
        """Return how many jobs failed lately; None while that is not known."""
        if failed is None:
            return None
        seen = self._failed[id]
        if seen and (failed < seen[-1][1] or now < seen[-1][0]):
            # Somebody has cleared them, or has set the clock back.
            seen.clear()
        seen.append((now, failed))
        while seen[0][0] < now - _FAILED_WITHIN_SECONDS:
            seen.popleft()
        return failed - seen[0][1]

    def _hold(self, change: Change, alert: Alert) -> None:
        """Have something told as soon as it may be. What began and ended meanwhile, or the other way round, is not told."""
        if self._held.pop(alert.subject, None) is None:
            self._held[alert.subject] = (change, alert)

    def _read(self) -> _Memory:
        try:
            return msgspec.json.decode(self._memory.read_bytes(), type=_Memory)
        except FileNotFoundError:
            return _Memory()
        except (OSError, msgspec.DecodeError) as error:
            _log.warning(
                "Cannot read which alerts fired before.", action="alerts.unreadable", reason=str(error)
            )
            return _Memory()

    def _write(self) -> None:
        """Write down, in one piece, what fires and what is still to be told: the next server tells that, and no more."""
        memory = _Memory(list(self.firing), list(self._held.values()), dict(self._delivery.waiting))
        new = self._memory.with_suffix(".new")
        try:
            new.write_bytes(msgspec.json.encode(memory))
            new.replace(self._memory)
            self._is_unwritten = False
        except OSError as error:
            if self._is_unwritten:
                return  # it was said, and is tried again at each look
            self._is_unwritten = True
            _log.warning(
                "Cannot write down which alerts fire.", action="alerts.unwritable", reason=str(error)
            )


def _origin(observed: ObservedBackgroundProcess, node: str) -> Origin:
    return Origin(
        application=observed.application_name,
        environment=observed.environment_name,
        process=observed.name,
        node=node,
        reason=observed.reason,
    )


def _hosts(lost: Sequence[LostHost]) -> Mapping[Subject, float | None]:
    """Return how many environments belong to each; unknown where another server tells: nobody is to be told twice."""
    return {
        Subject(RuleName.HOST_LOST, each.host): each.environments if each.is_told_here else None
        for each in lost
    }


def _disk_percent(folder: Path) -> float | None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return 100 * (1 - usage.free / usage.total)


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
