"""The endpoint of the audit trail."""

from engineroom.api.audit import handlers
from engineroom.api.audit.resource import TYPE as AUDIT_ENTRY
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Many
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/audit", Many(AUDIT_ENTRY), handlers.index, "ours", ability=Ability.ADMIN),
)
