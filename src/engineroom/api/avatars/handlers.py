"""Take, serve and remove the pictures of applications (contract sheet, section 5)."""

import hashlib

from engineroom.api.applications import resource
from engineroom.api.calls.answers import emptied, written
from engineroom.api.calls.call import Call
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import InvalidError, NotFoundError
from engineroom.api.http.multipart import uploaded
from engineroom.control.changes import applications as change
from engineroom.model.applications.application import Application
from engineroom.model.ids import ApplicationId
from engineroom.store.queries import avatars
from engineroom.store.queries.avatars import Avatar

_MAX_KILOBYTES = 3072
_MAX_BODY_BYTES = _MAX_KILOBYTES * 1024 + 64 * 1024
"""The picture, and what is around it in the body."""

# No SVG: it may hold scripts, and would run them on the address of the API.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_HEADERS = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'"}


async def upload(call: Call, application: Application) -> Answer:
    """Store the picture of an application."""
    content = uploaded(await call.content(_MAX_BODY_BYTES), call.media_type, "avatar")
    avatar = _checked(content)
    after, operation = await change.set_avatar(call.control, call.token, application.id, avatar)
    return written(resource.show(call.viewer, after), operation)


async def delete(call: Call, application: Application) -> Answer:
    """Remove the picture of an application."""
    _, operation = await change.set_avatar(call.control, call.token, application.id, None)
    return emptied(operation)


async def show(call: Call) -> Answer:
    """Serve a picture, to whoever knows its address: a browser shows no token for one."""
    application_id, digest = ApplicationId(call.id("application")), call.id("digest")
    found = await call.read(lambda connection: avatars.find(connection, application_id, digest))
    if found is None:
        raise NotFoundError
    return Answer(found.content, media_type=found.media_type, headers=_HEADERS)


def _checked(content: bytes | None) -> Avatar:
    """Return the picture that was uploaded. Raises InvalidError for what is none, or too large."""
    if content is None:
        raise InvalidError({"avatar": ["The avatar field is required."]})
    media_type = _media_type(content)
    if media_type is None:
        raise InvalidError({"avatar": ["The avatar field must be an image: PNG, JPEG, GIF or WebP."]})
    if len(content) > _MAX_KILOBYTES * 1024:
        text = f"The avatar field must not be greater than {_MAX_KILOBYTES} kilobytes."
        raise InvalidError({"avatar": [text]})
    return Avatar(digest=hashlib.sha256(content).hexdigest(), media_type=media_type, content=content)


def _media_type(content: bytes) -> str | None:
    """Return what kind of picture this is, by its first bytes; None for what is none."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media for start, media in _SIGNATURES if content.startswith(start)), None)
