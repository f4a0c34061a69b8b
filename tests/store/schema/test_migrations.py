import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from engineroom.store import Store
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.queries.access import tokens
from engineroom.store.queries.wanted import wanted
from engineroom.store.schema import version
from engineroom.store.schema.tables import metadata
from tests.support.databases import Database, Postgresql, Sqlite
from tests.support.waiting import patient


def migrations() -> Config:
    config = Config()
    folder = Path(version.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    return config


def test_the_migrations_make_the_tables_that_the_queries_use(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert asyncio.run(store.read(differences)) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migrations()).get_current_head() == version.HEAD


def test_a_database_of_a_newer_engineroom_is_refused_in_words(store: Store, database: Database) -> None:
    def renumber(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    asyncio.run(store.write(renumber))
    with pytest.raises(version.UnknownSchemaError, match=r"version 9999.*start the newer engineroom"):
        database.open()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind that has no schema yet."""
    if request.param == "sqlite":
        yield Sqlite(tmp_path)
        return
    with request.getfixturevalue("postgresql_server").new() as address:
        yield Postgresql(tmp_path, address)


def age(database: Database, version: str) -> None:
    """Give the database the schema of a former version, with something in each table that it had."""
    engine = create_engine(database.url)
    engine.dialect.engineroom_keyring = Keyring(database.keys)  # type: ignore[attr-defined]
    with engine.begin() as connection:
        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for statement in FORMER.split(";\n"):
            connection.exec_driver_sql(statement)
    engine.dispose()


FORMER = """\
INSERT INTO tokens (id, organization_id, name, secret_hash, abilities, created_at)
    SELECT 'token-1', id, 'laptop', 'abc', '["read"]', '2026-05-01 12:00:00.000000' FROM organizations;
INSERT INTO applications (id, organization_id, name, slug, region, created_at)
    SELECT 'app-1', id, 'Shop', 'shop', 'us-east-2', '2026-05-01 12:00:00.000000' FROM organizations;
INSERT INTO environments
    (id, application_id, name, slug, status, vanity_domain, directory, shutdown_timeout_seconds, created_at)
    VALUES ('env-1', 'app-1', 'main', 'main', 'running', 'x', '/srv', 60, '2026-05-01 12:00:00.000000');
INSERT INTO environment_variables VALUES ('env-1', 0, 'PASSWORD', 'hunter2-hunter2');
INSERT INTO instances
    (id, environment_id, name, type, size, scaling_type, min_replicas, max_replicas, uses_scheduler, created_at)
    VALUES ('inst-1', 'env-1', 'App', 'app', 'flex', 'none', 1, 1, false, '2026-05-01 12:00:00.000000');
INSERT INTO background_processes
    (id, instance_id, type, processes, custom_command, strategy_type, created_at)
    VALUES ('process-1', 'inst-1', 'custom', 2, 'sleep 60', 'none', '2026-05-01 12:00:00.000000')"""


@pytest.mark.parametrize("version", ["0001", "0002", "0003", "0004"])
def test_a_database_of_a_former_version_is_brought_up_to_date_with_what_is_in_it(
    bare: Database, version: str
) -> None:
    age(bare, version)

    store = bare.open()
    try:
        [found] = asyncio.run(store.read(wanted))
        token = asyncio.run(store.read(lambda connection: tokens.authenticated(connection, "abc")))
    finally:
        store.close()

    process = found.background_process
    assert (process.id, process.processes, process.command) == ("process-1", 2, "sleep 60")
    assert (process.generation, found.deleted_force) == (0, False)
    assert [(variable.key, variable.value) for variable in found.variables] == [
        ("PASSWORD", "hunter2-hunter2")
    ]
    assert found.background_process.created_at == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert token is not None
    assert (token.name, token.expires_at, token.applications) == ("laptop", None, None)


def test_what_was_kept_in_plain_text_is_nowhere_in_the_files_afterwards(tmp_path: Path) -> None:
    age(Sqlite(tmp_path), "0004")
    assert b"hunter2-hunter2" in (tmp_path / "engineroom.db").read_bytes()

    Sqlite(tmp_path).open().close()

    assert all(b"hunter2-hunter2" not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.usefixtures("sqlite_store")
def test_opening_a_database_of_this_version_does_not_load_the_migrations(
    tmp_path: Path,
) -> None:
    script = (
        "import sys; from pathlib import Path; from engineroom.store import Store; "
        f"Store.open(Path({str(tmp_path / 'engineroom.db')!r})).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=patient(30)).returncode == 0
