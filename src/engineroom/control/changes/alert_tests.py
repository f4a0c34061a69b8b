"""Testing whether people can be told of alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from engineroom.model.event import Event
from engineroom.model.ids import new_event_id
from engineroom.model.token import Token
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.telemetry.alerts.delivery import Outcome


class Channels(Protocol):
    """Where alerts are sent."""

    async def test(self) -> Sequence[Outcome]:
        """Send a test to every channel, and return how that went."""


class Testing(Protocol):
    """What a test needs of the control plane."""

    @property
    def store(self) -> Store:
        """Where it is recorded."""

    @property
    def alerts(self) -> Channels:
        """What knows the channels."""


async def send_test(control: Testing, actor: Token) -> Sequence[Outcome]:
    """Send a test to every channel, record that, and return how it went."""
    outcomes = await control.alerts.test()
    failed = [outcome.channel for outcome in outcomes if outcome.error is not None]
    event = Event(
        id=new_event_id(),
        background_process_id=None,
        kind="alert.tested",
        message=f"{actor.name} sent a test to {len(outcomes)} channels; {len(failed)} could not be reached.",
        data={"actor": actor.name, "failed": failed},
        at=datetime.now(UTC),
    )
    await control.store.write(lambda connection: events.add(connection, [event]))
    return outcomes
