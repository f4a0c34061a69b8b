import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import engineroom.store
from engineroom.store import Store, schema
from engineroom.store.tables import metadata


def test_the_migrations_make_the_tables_that_the_queries_use(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert asyncio.run(store.read(differences)) == []


def test_head_is_the_newest_migration() -> None:
    config = Config()
    folder = Path(engineroom.store.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_a_database_of_a_newer_engineroom_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    def age(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    asyncio.run(store.write(age))
    with pytest.raises(schema.UnknownSchemaError, match=r"version 9999.*start the newer engineroom"):
        Store.open(tmp_path / "engineroom.db")


@pytest.mark.usefixtures("store")
def test_opening_a_database_of_this_version_does_not_load_the_migrations(
    tmp_path: Path,
) -> None:
    script = (
        "import sys; from pathlib import Path; from engineroom.store import Store; "
        f"Store.open(Path({str(tmp_path / 'engineroom.db')!r})).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 0
