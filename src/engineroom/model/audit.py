"""The audit trail: who changed what, and from where."""

from dataclasses import dataclass
from datetime import datetime

from engineroom.model.ids import AuditEntryId, OrganizationId, TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change. `action` is the operation of the API, such as `background_processes.update`, and `target` its address.

    `token_id` and `address` are None for a command on this host; `actor` is then the user who ran it.
    """

    id: AuditEntryId
    organization_id: OrganizationId
    token_id: TokenId | None
    actor: str
    action: str
    target: str
    address: str | None
    user_agent: str | None
    at: datetime
