"""The secrets in the database, as they are encrypted: whether their keys are there, and encrypting them again.

Which columns have secrets is told by their type, so there is no list to keep in step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Text,
    and_,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
    union,
    update,
)

from engineroom.store.databases.rows import AnyRow
from engineroom.store.databases.transactions import writing
from engineroom.store.encryption.encrypted import Encrypted
from engineroom.store.encryption.key_file import KeyringError
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.encryption.keys import KEY_ID_LENGTH
from engineroom.store.schema.tables import metadata

_AT_ONCE = 250
"""Others write between so many."""


@dataclass(slots=True)
class Reencrypted:
    """How many secrets were encrypted again, and which could not be read, each with the reason."""

    count: int = 0
    unreadable: list[str] = field(default_factory=list)


def columns() -> Iterator[Column[Any]]:
    """Yield every column that has secrets."""
    for table in metadata.sorted_tables:
        yield from (column for column in table.columns if isinstance(column.type, Encrypted))


def key_ids(connection: Connection) -> list[str]:
    """Return the ids of the keys with which something is encrypted."""
    each = (
        select(func.substr(_raw(column), len("er1:") + 1, KEY_ID_LENGTH)).where(column.is_not(None))
        for column in columns()
    )
    return list(connection.execute(union(*each)).scalars())


def reencrypt(engine: Engine, keyring: Keyring) -> Reencrypted:
    """Encrypt with the first key whatever is encrypted with another one, a few at a time. Of a crash nothing is lost."""
    result = Reencrypted()
    for column in columns():
        behind: Sequence[Any] | None = None
        while True:
            with writing(engine) as connection:
                rows = _old(connection, keyring, column, behind)
                for row in rows:
                    _reencrypt_one(connection, keyring, column, row, result)
            if len(rows) < _AT_ONCE:
                break
            behind = rows[-1][:-1]
    return result


def _old(
    connection: Connection, keyring: Keyring, column: Column[Any], behind: Sequence[Any] | None
) -> Sequence[AnyRow]:
    """Return the primary keys of the next rows that are encrypted with another key, each with what is encrypted."""
    keys = _primary_key(column)
    statement = select(*keys, _raw(column)).where(_raw(column).not_like(f"{keyring.current_mark}%"))
    if behind is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*map(literal, behind)))
    return connection.execute(statement.order_by(*keys).limit(_AT_ONCE)).all()


def _reencrypt_one(
    connection: Connection, keyring: Keyring, column: Column[Any], row: AnyRow, result: Reencrypted
) -> None:
    *values, encrypted = row
    try:
        text = keyring.decrypt(encrypted)
    except KeyringError as error:
        result.unreadable.append(
            f"{column.table.name}.{column.name} of {', '.join(map(str, values))}: {error}"
        )
        return
    keys = _primary_key(column)
    is_this = and_(*(key == value for key, value in zip(keys, values, strict=True)))
    connection.execute(update(column.table).where(is_this).values({column.name: text}))
    result.count += 1


def _primary_key(column: Column[Any]) -> list[Column[Any]]:
    return list(column.table.primary_key.columns)


def _raw(column: Column[Any]) -> ColumnElement[str]:
    return type_coerce(column, Text)
