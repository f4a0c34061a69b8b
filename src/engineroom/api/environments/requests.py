"""What a request for an environment may say (contract sheet, section 4.3), and what it makes of one."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from engineroom.api.document.fields import Text
from engineroom.api.folders.requests import Directory
from engineroom.control.changes.defaults import NewEnvironment
from engineroom.model.applications.repository import MAX_BRANCH_LENGTH

Name = Annotated[Text, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9 _-]+$")]
Branch = Annotated[Text, Field(min_length=1, max_length=MAX_BRANCH_LENGTH)]


class CreateEnvironment(BaseModel):
    """A new environment. `directory` is ours: the folder whose code runs in place."""

    model_config = ConfigDict(frozen=True)

    branch: Branch
    name: Name
    cluster_id: Text | None = None
    edge_network_id: Text | None = None
    directory: Directory | None = None

    def new(self, os_user: str | None) -> NewEnvironment:
        """Return what is asked for; this user runs things in its folder."""
        return NewEnvironment(name=self.name, branch=self.branch, directory=self.directory, os_user=os_user)


class VanityDomain(BaseModel):
    """A new name for the domain."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[Text, Field(min_length=3, max_length=100, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
