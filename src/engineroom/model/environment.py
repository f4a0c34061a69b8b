"""An environment: one running copy of an application, with its variables and its instances."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engineroom.model.ids import ApplicationId, EnvironmentId

DEFAULT_SHUTDOWN_TIMEOUT_SECONDS = 60


class EnvironmentStatus(StrEnum):
    """Contract sheet, section 4.2; clients crash on any other value."""

    DEPLOYING = "deploying"
    RUNNING = "running"
    HIBERNATING = "hibernating"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariable:
    """One variable that every process of the environment gets."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment as it should be. `directory` is the folder whose code runs in place.

    `os_user` is who runs it on the host, None for the owner of the folder; `umask` None is the usual one.
    """

    id: EnvironmentId
    application_id: ApplicationId
    name: str
    slug: str
    status: EnvironmentStatus
    vanity_domain: str
    directory: str
    variables: tuple[EnvironmentVariable, ...]
    shutdown_timeout_seconds: int
    created_at: datetime
    os_user: str | None = None
    umask: int | None = None
