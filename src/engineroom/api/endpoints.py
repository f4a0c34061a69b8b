"""The table of endpoints: the rows of every noun. Routes, access, answers, tests and the OpenAPI document come from it."""

from engineroom.api.alerts import rows as alerts
from engineroom.api.applications import rows as applications
from engineroom.api.audit import rows as audit
from engineroom.api.avatars import rows as avatars
from engineroom.api.background_processes import rows as background_processes
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.commands import rows as commands
from engineroom.api.deployments import rows as deployments
from engineroom.api.documentation import rows as documentation
from engineroom.api.environments import rows as environments
from engineroom.api.events import rows as events
from engineroom.api.folders import rows as folders
from engineroom.api.health import rows as health
from engineroom.api.instances import rows as instances
from engineroom.api.lifecycle import rows as lifecycle
from engineroom.api.logs import rows as logs
from engineroom.api.managed_queues import rows as managed_queues
from engineroom.api.meta import rows as meta
from engineroom.api.metrics import rows as metrics
from engineroom.api.operations import rows as operations
from engineroom.api.scaling import rows as scaling
from engineroom.api.schedules import rows as schedules
from engineroom.api.sign_ins import rows as sign_ins
from engineroom.api.tokens import rows as tokens

ENDPOINTS: tuple[Endpoint, ...] = (
    *applications.ROWS,
    *avatars.ROWS,
    *environments.ROWS,
    *folders.ROWS,
    *instances.ROWS,
    *managed_queues.ROWS,
    *background_processes.ROWS,
    *lifecycle.ROWS,
    *scaling.ROWS,
    *schedules.ROWS,
    *deployments.ROWS,
    *commands.ROWS,
    *operations.ROWS,
    *events.ROWS,
    *logs.ROWS,
    *metrics.ROWS,
    *alerts.ROWS,
    *tokens.ROWS,
    *sign_ins.ROWS,
    *audit.ROWS,
    *meta.ROWS,
    *health.ROWS,
    *documentation.rows(lambda: ENDPOINTS),
)
