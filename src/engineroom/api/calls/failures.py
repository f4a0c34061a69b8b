"""What is answered when something else than an answer comes of a call."""

from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect, Request

from engineroom.api.http.errors import (
    ApiError,
    FailedError,
    MalformedError,
    NoStorageError,
    NotFoundError,
    NotReadyError,
)
from engineroom.control.changes.changing import GoneError
from engineroom.store.errors import NoRoomError, UnavailableError

_log = structlog.get_logger()


def as_api_error(error: Exception, request: Request) -> ApiError:
    """Return what is answered to an exception; one that is a fault of ours is logged under the id in the answer."""
    match error:
        case ApiError():
            return error
        case GoneError():
            return NotFoundError()
        case NoRoomError():
            return NoStorageError(str(error))
        case UnavailableError():
            _log.warning("The store cannot be used.", action="store.unavailable", exc_info=error)
            return NotReadyError(str(error))
        case ClientDisconnect():
            # Nobody is there any more to read it.
            return MalformedError("The request was not sent to its end.")
    error_id = str(uuid4())
    _log.error(
        "Cannot answer a request.",
        action="request.failed",
        id=error_id,
        method=request.method,
        path=request.url.path,
        exc_info=error,
    )
    return FailedError(error_id)
