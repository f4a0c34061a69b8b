import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, select, text

import engineroom.store
from engineroom.store import Store, schema
from engineroom.store.tables import background_processes, metadata


def migrations() -> Config:
    config = Config()
    folder = Path(engineroom.store.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    return config


def test_the_migrations_make_the_tables_that_the_queries_use(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert asyncio.run(store.read(differences)) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migrations()).get_current_head() == schema.HEAD


def test_a_database_of_a_newer_engineroom_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    def age(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    asyncio.run(store.write(age))
    with pytest.raises(schema.UnknownSchemaError, match=r"version 9999.*start the newer engineroom"):
        Store.open(tmp_path / "engineroom.db")


def test_a_database_of_the_first_version_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "engineroom.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO background_processes "
                "(id, instance_id, type, processes, custom_command, strategy_type, created_at) "
                "VALUES ('process-1', 'inst-1', 'custom', 2, 'sleep 60', 'none', '2026-05-01 12:00:00.000000')"
            )
        )
    engine.dispose()

    store = Store.open(path)
    try:
        read = asyncio.run(
            store.read(lambda connection: connection.execute(select(background_processes)).one())
        )
    finally:
        store.close()

    assert (read.id, read.processes, read.custom_command) == ("process-1", 2, "sleep 60")
    assert (read.generation, read.deleted_force) == (0, False)


@pytest.mark.usefixtures("store")
def test_opening_a_database_of_this_version_does_not_load_the_migrations(
    tmp_path: Path,
) -> None:
    script = (
        "import sys; from pathlib import Path; from engineroom.store import Store; "
        f"Store.open(Path({str(tmp_path / 'engineroom.db')!r})).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 0
