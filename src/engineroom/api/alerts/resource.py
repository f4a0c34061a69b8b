"""Alerts in answers."""

from datetime import UTC, datetime

from msgspec import Struct

from engineroom.api.document.moments import Moment, moment
from engineroom.telemetry.alerts.rules import Alert


class FiringAlert(Struct):
    """One alert that fires, with the names of what it is about; what does not apply is empty."""

    rule: str
    background_process_id: str | None
    application: str
    environment: str
    process: str
    node: str
    reason: str
    message: str
    figure: float
    since: Moment


class Alerts(Struct):
    """Every alert that fires, the oldest first."""

    data: list[FiringAlert]


class ChannelTest(Struct):
    """How sending a test to one channel went; `error` is null when it arrived."""

    channel: str
    sent: bool
    error: str | None


class AlertTest(Struct):
    """How sending a test went, by channel."""

    data: list[ChannelTest]


def show(alert: Alert) -> FiringAlert:
    """Return an alert as it is shown."""
    return FiringAlert(
        alert.subject.rule,
        alert.subject.background_process_id,
        alert.origin.application,
        alert.origin.environment,
        alert.origin.process,
        alert.origin.node,
        alert.origin.reason,
        alert.message,
        alert.figure,
        moment(datetime.fromtimestamp(alert.since, UTC)),
    )
