"""Entries of the audit trail in answers; they are ours."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Moment, moment
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.audit import AuditEntry


class AuditEntryAttributes(Attributes):
    """What is shown of an entry: who did what, to what, and from where.

    A command on the host has no token and no address.
    """

    actor: str
    token_id: str | None
    action: str
    target: str
    address: str | None
    user_agent: str | None
    at: Moment


TYPE = ResourceType("audit_entries", AuditEntryAttributes)


def show(_viewer: Viewer, entry: AuditEntry) -> Resource:
    """Return the resource of an entry."""
    return Resource(
        entry.id,
        TYPE.name,
        AuditEntryAttributes(
            actor=entry.actor,
            token_id=entry.token_id,
            action=entry.action,
            target=entry.target,
            address=entry.address,
            user_agent=entry.user_agent,
            at=moment(entry.at),
        ),
    )
