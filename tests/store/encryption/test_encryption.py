"""Variables are kept so that the database alone does not give them away."""

import asyncio
import base64
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from engineroom.control.folders.links import Linked
from engineroom.model.ids import EnvironmentId
from engineroom.store import Store
from engineroom.store.encryption.key_file import KeyringError
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.errors import StoreError
from engineroom.store.queries import environment_variables
from tests.support.databases import Database, Sqlite


def stored(store: Store) -> list[str]:
    def read(connection: Connection) -> list[str]:
        return list(
            connection.execute(text("SELECT value FROM environment_variables ORDER BY position")).scalars()
        )

    return asyncio.run(store.read(read))


def values(store: Store, environment: EnvironmentId) -> list[str]:
    found = asyncio.run(
        store.read(lambda connection: environment_variables.newest(connection, [environment]))
    )
    return [variable.value for variable in found[environment]]


def test_a_variable_comes_back_as_it_was_and_is_encrypted_in_between(store: Store, linked: Linked) -> None:
    assert values(store, linked.environment) == ["1", "2"]
    assert all(value.startswith("er1:") for value in stored(store))
    assert len(set(stored(store))) == 2


def test_the_key_is_a_file_beside_the_database_that_only_its_owner_may_read(
    store: Store, database: Database
) -> None:
    assert store is not None
    assert stat.S_IMODE(database.keys.stat().st_mode) == 0o600
    assert len(base64.b64decode(database.keys.read_text())) == 32


def test_without_the_key_the_database_is_not_opened_and_nothing_is_changed(
    database: Database, linked: Linked
) -> None:
    key = database.keys.read_bytes()
    database.keys.unlink()

    with pytest.raises(StoreError, match=r"which is not in .*secrets\.key; put that key back"):
        database.open()

    assert not database.keys.exists()
    database.keys.write_bytes(key)
    again = database.open()
    assert values(again, linked.environment) == ["1", "2"]
    again.close()


@pytest.mark.usefixtures("linked")
def test_with_another_key_the_database_is_not_opened(store: Store, database: Database) -> None:
    database.keys.write_text(base64.b64encode(os.urandom(32)).decode())

    with pytest.raises(StoreError, match="Nothing is lost"):
        database.open()
    assert len(stored(store)) == 2


@pytest.mark.parametrize("content", ["", "short", "!!!", base64.b64encode(b"x" * 31).decode()])
def test_a_file_without_a_key_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.key").write_text(content)
    with pytest.raises(KeyringError, match=r"put (it|the right one) back"):
        Keyring(tmp_path / "secrets.key")


def test_after_a_rotation_everything_is_encrypted_again_and_a_server_at_work_goes_on(
    store: Store, database: Database, linked: Linked
) -> None:
    other = database.open()
    before = stored(store)

    assert other.rotate_key().count == 2

    assert {value[:13] for value in before} & {value[:13] for value in stored(store)} == set()
    assert values(store, linked.environment) == ["1", "2"]
    other.close()


@pytest.mark.parametrize(
    "encrypted", ["", "plain", "er1:", "er1:00000000:AAAA", "er1:{id}:?", "er1:{id}:AAAA", "er1:{id}:"]
)
def test_whatever_else_stands_in_the_place_of_an_encrypted_text_is_unreadable(
    tmp_path: Path, encrypted: str
) -> None:
    keyring = Keyring(tmp_path / "secrets.key")
    with pytest.raises(KeyringError, match="cannot read"):
        keyring.decrypt(encrypted.format(id=keyring.current_mark.split(":")[1]))


def test_keys_may_be_given_instead_of_kept_in_a_file(tmp_path: Path) -> None:
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    encrypted = Keyring(tmp_path / "secrets.key", old).encrypt("secret")

    both = Keyring(tmp_path / "secrets.key", f"{new},{old}")

    assert both.decrypt(encrypted) == "secret"
    assert not (tmp_path / "secrets.key").exists()
    with pytest.raises(KeyringError, match="ENGINEROOM_KEY; put a new one before"):
        both.rotate()


def test_an_encrypted_value_that_was_changed_is_refused(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path / "secrets.key")
    encrypted = keyring.encrypt("secret")
    changed = encrypted[:-8] + ("A" if encrypted[-8] != "A" else "B") + encrypted[-7:]

    with pytest.raises(KeyringError, match="it was changed"):
        keyring.decrypt(changed)


def test_the_key_file_is_not_made_where_there_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Sqlite(tmp_path / "nowhere").open()
    assert list(tmp_path.iterdir()) == []
