"""Whether the server is up, and whether it can do its work; for whoever watches it."""

import structlog
from sqlalchemy import Connection, select

from engineroom.api.call import Answer, Call
from engineroom.api.documents import JSON, encode

_log = structlog.get_logger()


async def alive(_call: Call) -> Answer:
    """Say that the server answers."""
    return Answer(encode({"status": "ok"}), media_type=JSON)


async def ready(call: Call) -> Answer:
    """Say whether the store can be read."""
    try:
        await call.control.store.read(_probe)
    except Exception:  # noqa: BLE001 - whatever it is, the server is not ready
        _log.exception("Cannot read the store.", action="store.failed")
        return Answer(encode({"status": "the store cannot be read"}), status=503, media_type=JSON)
    return Answer(encode({"status": "ok"}), media_type=JSON)


def _probe(connection: Connection) -> None:
    connection.execute(select(1))
