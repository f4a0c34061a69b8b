"""Tokens of an organization; they are ours."""

from sqlalchemy import Connection

from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.inclusion import list_answer, one_answer
from engineroom.api.document.jsonapi import Document, encode
from engineroom.api.document.validation import validate
from engineroom.api.http.errors import InvalidError, NotFoundError
from engineroom.api.tokens import resource as shown
from engineroom.api.tokens.requests import CreateToken
from engineroom.control.changes.tokens import UnknownApplicationsError, make_token, revoke_token
from engineroom.model.ids import TokenId
from engineroom.model.token import Token
from engineroom.store.queries.access import tokens


async def index(call: Call) -> Answer:
    """List the tokens of the organization."""
    return await list_answer(
        call, lambda connection: tokens.page(connection, call.organization_id, call.page), shown.show
    )


async def show(call: Call) -> Answer:
    """Show one token; its secret is not known."""
    return await one_answer(call, lambda connection: _require(connection, call), shown.show)


async def create(call: Call) -> Answer:
    """Make a token; this answer alone has its secret."""
    await call.authenticate()
    new = validate(CreateToken, await call.fields()).made()
    try:
        token, secret = await call.control.store.write(
            lambda connection: make_token(connection, call.organization_id, new)
        )
    except UnknownApplicationsError:
        raise InvalidError({"applications": ["The selected applications is invalid."]}) from None
    return Answer(encode(Document(shown.show_new(token, secret))), status=201)


async def revoke(call: Call) -> Answer:
    """Revoke a token: from now on it is not known."""
    token_id = (await call.read(lambda connection: _require(connection, call))).id
    gone = await call.control.store.write(
        lambda connection: revoke_token(connection, call.organization_id, token_id)
    )
    if not gone:
        raise NotFoundError
    return Answer(None, status=204)


def _require(connection: Connection, call: Call) -> Token:
    found = tokens.find(connection, call.organization_id, TokenId(call.id("token")))
    if found is None:
        raise NotFoundError
    return found
