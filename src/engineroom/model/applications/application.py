"""An application: code that belongs together, in one or more environments."""

from dataclasses import dataclass
from datetime import datetime

from engineroom.model.ids import ApplicationId, EnvironmentId, OrganizationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """Who owns applications and tokens; a token belongs to exactly one (contract sheet, section 1.1)."""

    id: OrganizationId
    name: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application. `repository` is `owner/name`, or None where linked code has no remote.

    `avatar` is the digest under which its picture is kept, None for an application without one.
    """

    id: ApplicationId
    organization_id: OrganizationId
    default_environment_id: EnvironmentId | None
    name: str
    slug: str
    region: str
    repository: str | None
    created_at: datetime
    root_directory: str | None = None
    slack_channel: str | None = None
    avatar: str | None = None
