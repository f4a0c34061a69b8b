"""The endpoints of signing in."""

from engineroom.api.calls.endpoint import Endpoint, Parameter
from engineroom.api.document.shapes import Empty, Other, Plain
from engineroom.api.sign_ins import handlers

_UNKNOWN = Parameter("unknown", {"type": "boolean"}, "Whether the token that was shown is not known.")

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/cli/auth-sessions",
        Plain(handlers.SignInBegun),
        handlers.begin,
        "9",
        ability=None,
        request=handlers.BeginSignIn,
    ),
    Endpoint(
        "POST",
        "/api/cli/auth-sessions/exchange",
        Plain(handlers.GivenTokens),
        handlers.exchange,
        "9",
        ability=None,
        request=handlers.ExchangeCode,
    ),
    Endpoint(
        "GET",
        "/sign-in/{session}",
        Other(handlers.HTML),
        handlers.page,
        "9",
        ability=None,
        parameters=(_UNKNOWN,),
    ),
    Endpoint("POST", "/sign-in/{session}", Empty(303), handlers.prove, "9", ability=None, upload=True),
)
