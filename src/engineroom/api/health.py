"""Whether the server is up, and whether it can do its work; for whoever watches it."""

import structlog
from msgspec import Struct
from sqlalchemy import Connection, select

from engineroom.api.call import Answer, Call
from engineroom.api.documents import JSON, encode
from engineroom.api.errors import ApiError

_log = structlog.get_logger()


class Health(Struct):
    """How the server is, in a word."""

    status: str


class UnavailableError(ApiError):
    """The store cannot be read."""

    status = 503

    def __init__(self) -> None:
        super().__init__("The store cannot be read. The server's log says why.")


async def alive(_call: Call) -> Answer:
    """Say that the server answers."""
    return Answer(encode(Health("ok")), media_type=JSON)


async def ready(call: Call) -> Answer:
    """Say whether the store can be read."""
    try:
        await call.control.store.read(_probe)
    except Exception:  # noqa: BLE001 - whatever it is, the server is not ready
        _log.exception("Cannot read the store.", action="store.failed")
        raise UnavailableError from None
    return Answer(encode(Health("ok")), media_type=JSON)


def _probe(connection: Connection) -> None:
    connection.execute(select(1))
