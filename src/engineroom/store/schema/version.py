"""Bring the database to the schema that this version of engineroom works with."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from engineroom.store.errors import StoreError

HEAD = "0013"
"""The newest migration. A test holds it equal to what is in `migrations/versions`."""


class UnknownSchemaError(StoreError):
    """The database was written by a newer engineroom. Start that version, or use another data folder."""


def is_current(connection: Connection) -> bool:
    """Return whether the database already has the newest schema."""
    return _stored_version(connection) == HEAD


def migrate(connection: Connection) -> None:
    """Run the migrations that are missing, in the transaction of `connection`.

    Raises UnknownSchemaError when the database is newer than this code.
    """
    if is_current(connection):
        return
    # Imported late: a start-up with an up-to-date schema must not pay for it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise UnknownSchemaError(
            f"cannot use the database: its schema is version {_stored_version(connection)}, and this engineroom knows "
            f"{HEAD} at most; start the newer engineroom, or use another data folder"
        ) from error


def _stored_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
