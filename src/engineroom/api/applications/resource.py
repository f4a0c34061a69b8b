"""Applications in answers (contract sheet, section 5)."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Timestamp, timestamp
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.applications.application import Application

_DEFAULT_BRANCH = "main"


class ApplicationAttributes(Attributes):
    """What is shown of an application."""

    name: str
    slug: str
    region: str
    root_directory: str | None
    slack_channel: str | None
    avatar_url: str | None
    created_at: Timestamp
    repository: dict[str, str] | None


TYPE = ResourceType("applications", ApplicationAttributes)


def show(viewer: Viewer, application: Application) -> Resource:
    """Return the resource of an application. Linked code has the repository that its git names, if any."""
    repository = application.repository
    return Resource(
        application.id,
        TYPE.name,
        ApplicationAttributes(
            name=application.name,
            slug=application.slug,
            region=application.region,
            root_directory=application.root_directory,
            slack_channel=application.slack_channel,
            avatar_url=_avatar_url(viewer, application),
            created_at=timestamp(application.created_at),
            repository={"full_name": repository, "default_branch": _DEFAULT_BRANCH} if repository else None,
        ),
    )


def _avatar_url(viewer: Viewer, application: Application) -> str | None:
    """Return where the picture is: the digest in it is known only to those who may read the application."""
    if application.avatar is None:
        return None
    return f"{viewer.base_url}/avatars/{application.id}/{application.avatar}"
