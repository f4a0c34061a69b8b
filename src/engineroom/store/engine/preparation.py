"""What is seen to before a database is used: its schema and its keys."""

from sqlalchemy import Engine

from engineroom.store.databases.sqlite import do_alone
from engineroom.store.databases.transactions import reading, without_time_limits, writing
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.engine import reencryption
from engineroom.store.schema import version


def prepare(engine: Engine, keyring: Keyring) -> None:
    """Bring the database to the newest schema, and see that the keys are those of its secrets. Raises StoreError."""
    _migrate(engine, keyring)
    with reading(engine) as connection:
        found = reencryption.key_ids(connection)
    keyring.require(found)
    keyring.keep()


def _migrate(engine: Engine, keyring: Keyring) -> None:
    with reading(engine) as connection:
        current = version.is_current(connection)
    if current:
        return
    keyring.keep()
    with writing(engine) as connection:
        without_time_limits(connection)
        version.migrate(connection)
    if engine.dialect.name == "sqlite":
        _compact(engine)


def _compact(engine: Engine) -> None:
    """Rewrite the file: what a migration has encrypted may still stand in it in plain text."""
    do_alone(engine, "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
