"""How the server is, in answers."""

from msgspec import Struct


class Health(Struct):
    """How the server is, in a word."""

    status: str
