"""Rows whose columns are read by name, and what is done with one that cannot be read."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

import structlog
from sqlalchemy import CursorResult, Row
from sqlalchemy.exc import DBAPIError

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Value = TypeVar("Value")

_log = structlog.get_logger()


def readable(execute: Callable[[], "CursorResult[Any]"], convert: Callable[[AnyRow], Value]) -> list[Value]:
    """Return what the rows stand for, but for those that cannot be read: one that was spoilt concerns itself alone."""
    try:
        return [convert(row) for row in execute().all()]
    except DBAPIError:
        raise
    except Exception:  # noqa: BLE001 - whatever is in a row that nobody of ours has written
        return converted(_one_by_one(execute()), convert)


def converted(rows: Iterable[AnyRow], convert: Callable[[AnyRow], Value]) -> list[Value]:
    """Return what these rows stand for, but for those of which nothing can be made."""
    found = []
    for row in rows:
        try:
            found.append(convert(row))
        except Exception as error:  # noqa: BLE001 - see above
            _complain(error)
    return found


def _one_by_one(rows: "CursorResult[Any]") -> Iterator[AnyRow]:
    while True:
        try:
            row = rows.fetchone()
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            _complain(error)
            continue
        if row is None:
            return
        yield row


def _complain(error: Exception) -> None:
    _log.error(
        "A row of the database cannot be read, and is left out.",
        action="store.row_unreadable",
        reason=repr(error),
    )
