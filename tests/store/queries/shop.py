"""What the tests of queries find in the database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engineroom.model.applications.application import Application
from engineroom.model.applications.environment import Environment
from engineroom.model.ids import OrganizationId
from engineroom.model.instances.instance import Instance

NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Shop:
    """An organization with an application in one environment, on one instance."""

    organization: OrganizationId
    application: Application
    environment: Environment
    instance: Instance
