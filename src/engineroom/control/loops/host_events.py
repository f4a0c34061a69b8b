"""The events of a host that is lost, and of one that is back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from engineroom.model.event import Event
from engineroom.model.ids import new_event_id
from engineroom.model.membership import Member
from engineroom.store.queries.hosts.claims import Claimed

_NAMED = 10
"""How many environments an event names; it counts the rest."""


def lost(member: Member, claimed: Iterable[Claimed], now: datetime) -> list[Event]:
    """Return the events of a host whose heartbeats have stopped."""
    message = (
        "The host {host} has not been seen for {seconds} s. If only its server is down, what runs there goes on, "
        "and nobody looks after it; if the host is, these environments do not run: {environments}."
    )
    return _events("host.lost", message, member, claimed, now)


def found(member: Member, claimed: Iterable[Claimed], now: datetime) -> list[Event]:
    """Return the events of a host that was lost and is back."""
    message = "The host {host} is back after {seconds} s, with these environments: {environments}."
    return _events("host.found", message, member, claimed, now)


def _events(
    kind: str, message: str, member: Member, claimed: Iterable[Claimed], now: datetime
) -> list[Event]:
    """Return an event for each organization that has environments there: none reads the names of another's."""
    concerned: defaultdict[str, list[Claimed]] = defaultdict(list)
    for each in claimed:
        concerned[each.organization_id].append(each)
    seconds = round((now - member.seen_at).total_seconds())
    return [
        Event(
            id=new_event_id(),
            background_process_id=None,
            kind=kind,
            message=message.format(host=member.name, seconds=seconds, environments=_names(theirs)),
            data={
                "host": member.host,
                "unseen_seconds": seconds,
                "environments": [each.environment_id for each in theirs],
            },
            at=now,
            subject_id=theirs[0].organization_id,
        )
        for theirs in concerned.values()
    ]


def _names(claimed: Sequence[Claimed]) -> str:
    named = ", ".join(each.name for each in claimed[:_NAMED])
    more = len(claimed) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
