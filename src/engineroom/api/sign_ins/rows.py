"""The endpoints of signing in."""

from engineroom.api.calls.endpoint import Endpoint, Parameter
from engineroom.api.document.shapes import Empty, Other, Plain
from engineroom.api.http.media_types import HTML
from engineroom.api.sign_ins import handlers
from engineroom.api.sign_ins.requests import BeginSignIn, ExchangeCode
from engineroom.api.sign_ins.resource import GivenTokens, SignInBegun

_UNKNOWN = Parameter("unknown", {"type": "boolean"}, "Whether the token that was shown is not known.")

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/cli/auth-sessions",
        Plain(SignInBegun),
        handlers.begin,
        "9",
        ability=None,
        request=BeginSignIn,
    ),
    Endpoint(
        "POST",
        "/api/cli/auth-sessions/exchange",
        Plain(GivenTokens),
        handlers.exchange,
        "9",
        ability=None,
        request=ExchangeCode,
    ),
    Endpoint(
        "GET",
        "/sign-in/{session}",
        Other(HTML),
        handlers.page,
        "9",
        ability=None,
        parameters=(_UNKNOWN,),
    ),
    Endpoint("POST", "/sign-in/{session}", Empty(303), handlers.prove, "9", ability=None, upload=True),
)
