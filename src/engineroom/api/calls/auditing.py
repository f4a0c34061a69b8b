"""What the audit trail has of a call."""

from datetime import UTC, datetime

from starlette.requests import Request

from engineroom.api.calls.endpoint import Endpoint
from engineroom.model.audit import AuditEntry
from engineroom.model.ids import new_audit_entry_id
from engineroom.model.token import Token

_MAX_USER_AGENT_LENGTH = 300


def audit_entry(request: Request, endpoint: Endpoint, token: Token) -> AuditEntry:
    """Return the entry of a call that changes something."""
    user_agent = request.headers.get("user-agent")
    return AuditEntry(
        id=new_audit_entry_id(),
        organization_id=token.organization_id,
        token_id=token.id,
        actor=token.name,
        action=endpoint.name,
        target=f"{endpoint.method} {request.scope['path']}",
        address=request.client.host if request.client else None,
        user_agent=user_agent and user_agent[:_MAX_USER_AGENT_LENGTH],
        at=datetime.now(UTC),
    )
