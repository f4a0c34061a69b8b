"""Answer what is wrong now, and whether people can be told."""

from sqlalchemy import Connection

from engineroom.api.alerts import resource
from engineroom.api.alerts.resource import Alerts, AlertTest, ChannelTest
from engineroom.api.calls.answers import plain
from engineroom.api.calls.call import Call
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import ConflictError
from engineroom.control.changes.alert_tests import send_test
from engineroom.store.queries import background_processes
from engineroom.telemetry.alerts.rules import Alert


async def index(call: Call) -> Answer:
    """List the alerts that fire, those of the organization and those of hosts."""
    firing = call.control.alerts.firing

    def read(connection: Connection) -> list[Alert]:
        of_whom = filter(None, {alert.subject.background_process_id for alert in firing})
        seen = {None, *background_processes.owned_ids(connection, call.organization_id, of_whom)}
        return [alert for alert in firing if alert.subject.background_process_id in seen]

    return plain(Alerts([resource.show(alert) for alert in await call.read(read)]))


async def test(call: Call) -> Answer:
    """Send a test to every channel, and say how that went."""
    if not call.control.alerts.has_channels:
        raise ConflictError(
            "There is nobody to send a test to: name a webhook, Slack or mail under [alerts] in settings.toml, "
            "and start the server anew."
        )
    outcomes = await send_test(call.control, call.token)
    return plain(AlertTest([ChannelTest(each.channel, each.error is None, each.error) for each in outcomes]))
