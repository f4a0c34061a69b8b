"""What comes with a new application or environment (contract sheet, sections 3.5, 4.2 and 5)."""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from engineroom.model.applications.application import Application
from engineroom.model.applications.environment import (
    DEFAULT_BRANCH,
    DEFAULT_SHUTDOWN_TIMEOUT_SECONDS,
    Environment,
    EnvironmentStatus,
)
from engineroom.model.applications.environment_settings import of_a_new_environment
from engineroom.model.applications.variables import EnvironmentVariable, Variables
from engineroom.model.ids import EnvironmentId, new_environment_id, new_instance_id
from engineroom.model.instances.instance import DEFAULT_SIZE, Instance, InstanceType, ScalingType
from engineroom.model.slug import new_vanity_domain, slugify

_APP_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEnvironment:
    """What is asked for of a new environment; `os_user` follows from its folder."""

    name: str
    branch: str = DEFAULT_BRANCH
    directory: str | None = None
    os_user: str | None = None


def environment(
    application: Application, new: NewEnvironment, id: EnvironmentId | None = None
) -> Environment:
    """Return a new environment of an application, as the API makes it."""
    slug = slugify(new.name)
    return Environment(
        id=id or new_environment_id(),
        application_id=application.id,
        name=new.name,
        slug=slug,
        status=EnvironmentStatus.RUNNING,
        vanity_domain=new_vanity_domain(application.slug, slug),
        directory=new.directory,
        os_user=new.os_user,
        variables=_application_key(),
        shutdown_timeout_seconds=DEFAULT_SHUTDOWN_TIMEOUT_SECONDS,
        created_at=datetime.now(UTC),
        branch=new.branch,
        settings=of_a_new_environment(),
    )


def app_instance(of: Environment, size: str = DEFAULT_SIZE) -> Instance:
    """Return the app instance that comes with an environment (contract sheet, section 3.5)."""
    return Instance(
        id=new_instance_id(),
        environment_id=of.id,
        name="App",
        type=InstanceType.APP,
        size=size,
        scaling_type=ScalingType.NONE,
        min_replicas=1,
        max_replicas=1,
        shutdown_timeout_seconds=None,
        uses_scheduler=False,
        sleep_with_app=None,
        scaling_cpu_threshold_percentage=None,
        scaling_memory_threshold_percentage=None,
        created_at=of.created_at,
    )


def _application_key() -> Variables:
    """Return the variable that the framework encrypts with, in its own form."""
    key = base64.b64encode(secrets.token_bytes(_APP_KEY_BYTES)).decode()
    return (EnvironmentVariable(key="APP_KEY", value=f"base64:{key}"),)
