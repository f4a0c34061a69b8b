"""What a request for an application may say (contract sheet, section 5), and what it makes of one."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engineroom.api.document.fields import Text
from engineroom.api.folders.requests import Directory
from engineroom.model.applications.application import Application
from engineroom.model.applications.regions import Region
from engineroom.model.applications.repository import FULL_NAME, MAX_FULL_NAME_LENGTH
from engineroom.model.ids import EnvironmentId, OrganizationId, new_application_id
from engineroom.model.slug import slugify


class SourceControlProvider(StrEnum):
    """Contract sheet, section 5."""

    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"


_IN_NEW_NAMES = frozenset("0123456789 _.,'-&()!#+:@")
_IN_CHANGED_NAMES = frozenset("0123456789 _.'-")


def _of_latin(value: str, others: frozenset[str]) -> str:
    for character in value:
        if character not in others and not unicodedata.name(character, "").startswith("LATIN "):
            raise PydanticCustomError("format", "not Latin")
    return value


_Bounded = Annotated[Text, Field(min_length=3, max_length=40)]
NewName = Annotated[_Bounded, AfterValidator(lambda value: _of_latin(value, _IN_NEW_NAMES))]
ChangedName = Annotated[_Bounded, AfterValidator(lambda value: _of_latin(value, _IN_CHANGED_NAMES))]
Repository = Annotated[Text, Field(max_length=MAX_FULL_NAME_LENGTH, pattern=FULL_NAME)]


class CreateApplication(BaseModel):
    """A new application. `directory` is ours: the folder whose code its default environment runs in place."""

    model_config = ConfigDict(frozen=True)

    repository: Repository
    name: NewName
    region: Region
    source_control_provider_type: SourceControlProvider | None = None
    cluster_id: Text | None = None
    root_directory: Annotated[Text, Field(max_length=255)] | None = None
    directory: Directory | None = None

    def made(self, organization_id: OrganizationId) -> Application:
        """Return the new application; its default environment is still to be made."""
        return Application(
            id=new_application_id(),
            organization_id=organization_id,
            default_environment_id=None,
            name=self.name,
            slug=slugify(self.name),
            region=self.region,
            repository=self.repository,
            created_at=datetime.now(UTC),
            root_directory=self.root_directory,
        )


class UpdateApplication(BaseModel):
    """A change. What is not given, or null, stays as it is; null takes the Slack channel away."""

    model_config = ConfigDict(frozen=True)

    source_control_provider_type: SourceControlProvider | None = None
    name: ChangedName | None = None
    slug: Annotated[Text, Field(min_length=3)] | None = None
    default_environment_id: Text | None = None
    repository: Repository | None = None
    slack_channel: Text | None = None

    def applied_to(self, before: Application) -> Application:
        """Return what the application becomes."""
        given: dict[str, Any] = {
            name: value for name in ("name", "repository") if (value := getattr(self, name)) is not None
        }
        if self.slug is not None:
            given["slug"] = slugify(self.slug)
        if self.default_environment_id is not None:
            given["default_environment_id"] = EnvironmentId(self.default_environment_id)
        if "slack_channel" in self.model_fields_set:
            given["slack_channel"] = self.slack_channel
        return replace(before, **given)
