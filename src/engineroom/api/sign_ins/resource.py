"""Sign-ins in answers."""

from msgspec import Struct


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
