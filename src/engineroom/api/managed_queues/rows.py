"""The endpoints of managed queues."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, One
from engineroom.api.http.errors import ConflictError
from engineroom.api.instances.resource import TYPE as INSTANCE
from engineroom.api.managed_queues import handlers
from engineroom.model.token import Ability

_INSTANCE = "/api/instances/{instance}"
_FAILED_JOBS = f"{_INSTANCE}/failed-jobs"

ROWS: tuple[Endpoint, ...] = tuple(
    Endpoint(
        method,
        path,
        answers,
        handler,
        "3.1",
        ability=ability,
        subject=subjects.INSTANCE,
        errors=(ConflictError,),
    )
    for method, path, answers, handler, ability in (
        ("POST", f"{_INSTANCE}/default", One(INSTANCE), handlers.make_default, Ability.WRITE),
        ("POST", f"{_INSTANCE}/pause", One(INSTANCE), handlers.pause, Ability.WRITE),
        ("POST", f"{_INSTANCE}/resume", One(INSTANCE), handlers.resume, Ability.WRITE),
        ("POST", f"{_INSTANCE}/purge", One(INSTANCE), handlers.purge, Ability.WRITE),
        ("GET", _FAILED_JOBS, One(INSTANCE), handlers.failed_jobs, Ability.READ),
        ("DELETE", _FAILED_JOBS, Empty(), handlers.delete_failed_jobs, Ability.WRITE),
        ("POST", f"{_FAILED_JOBS}/{{job}}/retry", Empty(202), handlers.retry_failed_job, Ability.WRITE),
        ("DELETE", f"{_FAILED_JOBS}/{{job}}", Empty(202), handlers.delete_failed_job, Ability.WRITE),
    )
)
