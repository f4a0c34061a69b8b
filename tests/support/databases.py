"""A database of a test's own, SQLite or PostgreSQL, that can be opened as often as the test likes."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

from engineroom.store import Store
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.schema.tables import metadata
from engineroom.store.schema.version import HEAD

HOST = "test"


class Database(Protocol):
    """What there is to open."""

    @property
    def keys(self) -> Path:
        """The file with the keys."""

    @property
    def url(self) -> str:
        """Its address for SQLAlchemy."""

    def open(self, host: str = HOST) -> Store:
        """Return the database as a server has it; whoever opens it closes it."""


@dataclass(frozen=True)
class Sqlite:
    """A file in a folder."""

    folder: Path

    @property
    def keys(self) -> Path:
        return self.folder / "secrets.key"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/engineroom.db"

    def open(self, host: str = HOST) -> Store:  # noqa: ARG002 - only one host can work on a file
        return Store.open(self.folder / "engineroom.db")


def new_sqlite(folder: Path) -> Sqlite:
    """Return the database of a folder, where it is new with the newest schema: migrating one for each test takes long."""
    for name, content in _new_files().items():
        path = folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(content)
    return Sqlite(folder)


@cache
def _new_files() -> dict[str, bytes]:
    """Return what is in a folder with a new database: the file and its key."""
    with tempfile.TemporaryDirectory() as made:
        Sqlite(Path(made)).open().close()
        return {path.name: path.read_bytes() for path in Path(made).iterdir()}


@dataclass(frozen=True)
class Postgresql:
    """A database on a server that runs already."""

    folder: Path
    address: str

    @property
    def keys(self) -> Path:
        return self.folder / "secrets.key"

    @property
    def url(self) -> str:
        return self.address.replace("postgresql:", "postgresql+psycopg:")

    def open(self, host: str = HOST) -> Store:
        return Store.connect(self.address, Keyring(self.keys), host)


class PostgresqlServer:
    """A PostgreSQL on which tests find one database with the newest schema, and may make others."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self._keys = Keyring(folder / "secrets.key")
        self.shared = self._make("shared")
        Store.connect(self.shared, self._keys, HOST).close()

    def emptied(self) -> str:
        """Return the address of the shared database, in which there is only what a new one has."""
        with psycopg.connect(self.shared) as connection:
            # All at once: there are some thirty tables, and a thousand tests.
            connection.execute(sql.SQL(";").join(_emptying()))
        return self.shared

    @contextmanager
    def new(self) -> Iterator[str]:
        """Make a database without any schema and yield its address; afterwards it is dropped."""
        name = f"test_{uuid.uuid4().hex}"
        yield self._make(name)
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _make(self, name: str) -> str:
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._address(name)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _address(self, database: str) -> str:
        return f"postgresql://shop:secret@127.0.0.1:{self.port}/{database}"


def _emptying() -> Iterator[sql.Composable]:
    """Yield the statements that leave what a new database has."""
    for table in reversed(metadata.sorted_tables):
        if table.name != "organizations":
            yield sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name))
    yield sql.SQL("DELETE FROM organizations WHERE slug <> 'default'")
    yield sql.SQL("UPDATE alembic_version SET version_num = {}").format(sql.Literal(HEAD))
