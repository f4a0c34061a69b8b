"""Answer for the tokens of an organization."""

from engineroom.api.calls.answers import list_answer, one_answer, shown
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import InvalidError, NotFoundError
from engineroom.api.tokens import resource
from engineroom.api.tokens.requests import CreateToken
from engineroom.control.changes.tokens import UnknownApplicationsError, make_token, revoke_token
from engineroom.model.token import Token
from engineroom.store.queries.access import tokens


async def index(call: Call) -> Answer:
    """List the tokens of the organization."""
    number = call.query.page
    return await list_answer(
        call, lambda connection: tokens.page(connection, call.organization_id, number), resource.show
    )


async def show(call: Call, token: Token) -> Answer:
    """Show one token; its secret is not known."""
    return await one_answer(call, token, resource.show)


async def create(call: Call) -> Answer:
    """Make a token; this answer alone has its secret."""
    new = validate(CreateToken, await call.fields()).made()
    try:
        token, secret = await call.write(lambda connection: make_token(connection, call.organization_id, new))
    except UnknownApplicationsError:
        raise InvalidError({"applications": ["The selected applications is invalid."]}) from None
    return shown(resource.show_new(token, secret), status=201)


async def revoke(call: Call, token: Token) -> Answer:
    """Revoke a token: from now on it is not known."""
    gone = await call.write(lambda connection: revoke_token(connection, call.organization_id, token.id))
    if not gone:
        raise NotFoundError
    return Answer(None, status=204)
