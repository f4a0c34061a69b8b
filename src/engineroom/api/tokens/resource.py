"""Tokens in answers; they are ours."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Moment, moment, moment_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.token import Ability, Token


class TokenAttributes(Attributes):
    """What is shown of a token. `applications` null means all of the organization; its secret is not known any more."""

    name: str
    abilities: list[Ability]
    applications: list[str] | None
    expires_at: Moment | None
    last_used_at: Moment | None
    created_at: Moment


class NewTokenAttributes(TokenAttributes, kw_only=True):
    """What is shown of a token when it is made, and only then: its secret too."""

    secret: str


TYPE = ResourceType("tokens", TokenAttributes)
NEW_TYPE = ResourceType("tokens", NewTokenAttributes)


def show(_viewer: Viewer, token: Token) -> Resource:
    """Return the resource of a token."""
    return Resource(
        token.id,
        TYPE.name,
        TokenAttributes(
            name=token.name,
            abilities=sorted(token.abilities),
            applications=_applications(token),
            expires_at=moment_or_none(token.expires_at),
            last_used_at=moment_or_none(token.last_used_at),
            created_at=moment(token.created_at),
        ),
    )


def show_new(token: Token, secret: str) -> Resource:
    """Return the resource of a token that was just made."""
    return Resource(
        token.id,
        NEW_TYPE.name,
        NewTokenAttributes(
            name=token.name,
            abilities=sorted(token.abilities),
            applications=_applications(token),
            expires_at=moment_or_none(token.expires_at),
            last_used_at=None,
            created_at=moment(token.created_at),
            secret=secret,
        ),
    )


def _applications(token: Token) -> list[str] | None:
    return None if token.applications is None else sorted(token.applications)
