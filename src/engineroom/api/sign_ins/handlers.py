"""Signing in with a browser (contract sheet, section 9)."""

import html
from typing import Annotated
from urllib.parse import parse_qs

from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engineroom.api.calls.call import Answer, Call
from engineroom.api.document.jsonapi import JSON, encode
from engineroom.api.document.validation import Text, integer, validate
from engineroom.api.http.errors import ConflictError, InvalidError, NotFoundError
from engineroom.control.changes import sign_ins as change

HTML = "text/html; charset=utf-8"
_MAX_FORM = 4096
_HEADERS = {
    # The page holds a form for a token: nothing may frame it, load into it, keep it, or learn its address.
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http://127.0.0.1:*; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in to engineroom</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; }}
input {{ font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }}
button {{ font: inherit; margin-top: 1rem; padding: .5rem 1.5rem; }}
.problem {{ color: #b00020; }}
</style>
<h1>Sign in to engineroom</h1>
<p>A command line client on this computer asks to act for you. If you have not just started it, close this page.</p>
{problem}
<form method="post">
<label for="token">A token. <code>engineroom token create NAME</code>, on the host of engineroom, makes one.</label>
<input id="token" name="token" type="password" autocomplete="off" autofocus required>
<button>Sign in</button>
</form>
</html>
"""


class BeginSignIn(BaseModel):
    """The port that the client listens on, on 127.0.0.1."""

    model_config = ConfigDict(frozen=True)

    port: Annotated[int, Field(ge=1024, le=65535), BeforeValidator(integer)]


class ExchangeCode(BaseModel):
    """The code that the browser brought to the client."""

    model_config = ConfigDict(frozen=True)

    exchange_code: Text


class SignInBegun(Struct):
    """Where the browser is to go."""

    redirect_url: str


class GivenToken(Struct):
    """A token, and what it is for."""

    organization_name: str
    token: str


class GivenTokens(Struct):
    """The tokens of the user who signed in."""

    tokens: list[GivenToken]


async def begin(call: Call) -> Answer:
    """Begin to sign in; the answer says where the browser is to go."""
    fields = validate(BeginSignIn, await call.fields())
    try:
        session = await change.begin(call.control.store, fields.port)
    except change.TooManySignInsError:
        raise ConflictError("Too many sign-ins wait for their users. Try again in five minutes.") from None
    return Answer(encode(SignInBegun(f"{call.base_url}/sign-in/{session}")), media_type=JSON)


async def page(call: Call) -> Answer:
    """Show the page on which a user proves himself."""
    if not await change.is_open(call.control.store, call.id("session")):
        raise NotFoundError
    return _page("This token is not known, or it has expired." if call.flag("unknown") else "")


async def prove(call: Call) -> Answer:
    """Take the token that the user shows, and send his browser to the client that waits."""
    form = parse_qs((await call.content(_MAX_FORM)).decode("utf-8", "replace"))
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
    return Answer(encode(GivenTokens([GivenToken(organization.name, secret)])), media_type=JSON)


def _sent_to(location: str) -> Answer:
    return Answer(None, status=303, headers={**_HEADERS, "location": location})


def _page(problem: str) -> Answer:
    shown = f'<p class="problem">{html.escape(problem)}</p>' if problem else ""
    return Answer(_PAGE.format(problem=shown).encode(), media_type=HTML, headers=_HEADERS)
