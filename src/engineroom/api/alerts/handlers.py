"""Alerts: what is wrong now, and whether people can be told; ours."""

from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import Connection

from engineroom.api.calls.call import Answer, Call
from engineroom.api.document.jsonapi import JSON, Moment, encode, moment
from engineroom.api.http.errors import ConflictError
from engineroom.control.changes.alert_tests import send_test
from engineroom.store.queries import background_processes
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


class Tested(Struct):
    """How sending a test to one channel went; `error` is null when it arrived."""

    channel: str
    sent: bool
    error: str | None


class AlertTest(Struct):
    """How sending a test went, by channel."""

    data: list[Tested]


async def index(call: Call) -> Answer:
    """List the alerts that fire, those of the organization and those of hosts."""
    firing = call.control.alerts.firing

    def read(connection: Connection) -> list[Alert]:
        of_whom = {alert.subject.background_process_id for alert in firing}
        seen = {
            None,
            *background_processes.owned_ids(connection, call.organization_id, filter(None, of_whom)),
        }
        return [alert for alert in firing if alert.subject.background_process_id in seen]

    found = [
        FiringAlert(
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
        for alert in await call.read(read)
    ]
    return Answer(encode(Alerts(found)), media_type=JSON)


async def test(call: Call) -> Answer:
    """Send a test to every channel, and say how that went."""
    await call.authenticate()
    if not call.control.alerts.has_channels:
        raise ConflictError(
            "There is nobody to send a test to: name a webhook, Slack or mail under [alerts] in settings.toml, "
            "and start the server anew."
        )
    outcomes = await send_test(call.control, call.token)
    tested = [Tested(each.channel, each.error is None, each.error) for each in outcomes]
    return Answer(encode(AlertTest(tested)), media_type=JSON)
