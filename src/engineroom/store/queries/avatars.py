"""Queries of the pictures of applications."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from engineroom.model.ids import ApplicationId
from engineroom.store.schema.tables import avatars

_INSERT = insert(avatars)
_DELETE = delete(avatars).where(avatars.c.application_id == bindparam("of_application_id"))
_ONE = select(avatars).where(
    avatars.c.application_id == bindparam("application_id"), avatars.c.digest == bindparam("digest")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Avatar:
    """A picture, and the SHA-256 of it."""

    digest: str
    media_type: str
    content: bytes


def put(connection: Connection, application_id: ApplicationId, avatar: Avatar) -> None:
    """Store the picture of an application in the place of the one before."""
    remove(connection, application_id)
    connection.execute(
        _INSERT,
        {
            "application_id": application_id,
            "digest": avatar.digest,
            "media_type": avatar.media_type,
            "content": avatar.content,
        },
    )


def remove(connection: Connection, application_id: ApplicationId) -> None:
    """Remove the picture of an application, if there is one."""
    connection.execute(_DELETE, {"of_application_id": application_id})


def find(connection: Connection, application_id: ApplicationId, digest: str) -> Avatar | None:
    """Return the picture of an application if it still is the one with this digest."""
    row = connection.execute(_ONE, {"application_id": application_id, "digest": digest}).one_or_none()
    return None if row is None else Avatar(digest=row.digest, media_type=row.media_type, content=row.content)
