"""Folders of environments in answers; they are ours."""

from msgspec import Struct

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.shapes import ResourceType
from engineroom.model.applications.folder import FolderInspection
from engineroom.model.ids import EnvironmentId


class ShownCommit(Struct):
    """What is checked out in a folder."""

    hash: str
    message: str
    author: str | None


class FolderAttributes(Attributes):
    """A folder as it is now. What cannot be seen is null, and `reason` says why."""

    directory: str | None
    resolved_path: str | None
    user: str | None
    is_allowed: bool
    commit: ShownCommit | None
    reason: str | None


TYPE = ResourceType("folders", FolderAttributes)


def show(environment_id: EnvironmentId, seen: FolderInspection) -> Resource:
    """Return the resource; it has the id of its environment."""
    commit = seen.commit
    attributes = FolderAttributes(
        directory=seen.directory,
        resolved_path=seen.resolved_path,
        user=seen.user,
        is_allowed=seen.is_allowed,
        commit=None if commit is None else ShownCommit(commit.hash, commit.message, commit.author),
        reason=seen.reason,
    )
    return Resource(environment_id, TYPE.name, attributes)
