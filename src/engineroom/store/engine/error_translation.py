"""The errors of a database's driver, in words of ours: what could not be done, why, and what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError

from engineroom.store.databases.transactions import CommitUnansweredError
from engineroom.store.databases.trouble import Trouble, reason_of, trouble_of
from engineroom.store.engine.jobs import StuckError
from engineroom.store.errors import NoRoomError, UnavailableError

_log = structlog.get_logger()


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise an error that says what is wrong with the database, instead of the driver's own."""
    try:
        yield
    except StuckError as error:
        raise UnavailableError(str(error)) from None
    except CommitUnansweredError as error:
        raise UnavailableError(
            "It is not known whether this was changed: engineroom's database was lost while it stored it: "
            f"{reason_of(error)}. Look before you ask again."
        ) from error
    except DBAPIError as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        reason = reason_of(error)
        if trouble is Trouble.FULL:
            _log.error("The disk of the database is full.", action="store.full", reason=reason)
            raise NoRoomError(
                "Nothing was changed: the disk of engineroom's database is full. Make room on it, then ask again."
            ) from error
        raise UnavailableError(
            f"Nothing was changed: engineroom's database cannot be used: {reason}; {trouble.value}. Then ask again."
        ) from error
