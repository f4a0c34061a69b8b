"""Answer who signs in with a browser (contract sheet, section 9)."""

from urllib.parse import parse_qs

from engineroom.api.calls.answers import plain
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import ConflictError, InvalidError, NotFoundError
from engineroom.api.sign_ins import page as sign_in_page
from engineroom.api.sign_ins.requests import BeginSignIn, ExchangeCode
from engineroom.api.sign_ins.resource import GivenToken, GivenTokens, SignInBegun
from engineroom.control.changes import sign_ins as change

_MAX_FORM_BYTES = 4096


async def begin(call: Call) -> Answer:
    """Begin to sign in; the answer says where the browser is to go."""
    fields = validate(BeginSignIn, await call.fields())
    try:
        session = await change.begin(call.control.store, fields.port)
    except change.TooManySignInsError:
        raise ConflictError("Too many sign-ins wait for their users. Try again in five minutes.") from None
    return plain(SignInBegun(f"{call.base_url}/sign-in/{session}"))


async def page(call: Call) -> Answer:
    """Show the page on which a user proves himself."""
    if not await change.is_open(call.control.store, call.id("session")):
        raise NotFoundError
    return sign_in_page.page(
        "This token is not known, or it has expired." if call.query.flag("unknown") else ""
    )


async def prove(call: Call) -> Answer:
    """Take the token that the user shows, and send his browser to the client that waits."""
    form = parse_qs((await call.content(_MAX_FORM_BYTES)).decode("utf-8", "replace"))
    [secret] = form.get("token", [""])[:1]
    try:
        port, code = await change.prove(call.control.store, call.id("session"), secret.strip())
    except change.SignInGoneError:
        raise NotFoundError from None
    except change.UnknownTokenError:
        # Shown by another GET, so that reloading the page does not send the token once more.
        return _sent_to(f"{call.url}?unknown=true")
    return _sent_to(f"http://127.0.0.1:{port}/?exchange_code={code}")


async def exchange(call: Call) -> Answer:
    """Give the client a token of its own for the code that the browser brought; a code is good for once."""
    fields = validate(ExchangeCode, await call.fields())
    try:
        organization, secret = await change.exchange(call.control.store, fields.exchange_code)
    except change.SignInGoneError:
        text = "The selected exchange code is invalid or has expired. Sign in once more."
        raise InvalidError({"exchange_code": [text]}) from None
    return plain(GivenTokens([GivenToken(organization.name, secret)]))


def _sent_to(location: str) -> Answer:
    return Answer(None, status=303, headers={**sign_in_page.HEADERS, "location": location})
