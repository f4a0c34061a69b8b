"""The store, opened for a command of local administration. A server may be at work on it at the same time."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.cli.options import settings, unusable_folder
from engineroom.settings import Settings
from engineroom.store import Store
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.errors import StoreError


@contextmanager
def opened_store(data: Path | None) -> Iterator[Store]:
    """Give the store in the data folder, both made where they are missing, and close it. Raises CommandError."""
    store = open_store(settings(data))
    try:
        yield store
    except StoreError as error:
        raise CommandError(str(error)) from None
    finally:
        store.close()


def open_store(found: Settings) -> Store:
    """Return the store in the data folder, both made where they are missing. Raises CommandError."""
    try:
        found.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        keyring = Keyring(found.key_file, found.key)
        if found.database is None:
            return Store.open(found.database_file, keyring)
        return Store.connect(found.database, keyring, _host(found.host_file))
    except StoreError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise unusable_folder(found, error) from None


def _host(file: Path) -> str:
    """Return the name of this host, made when it has none yet."""
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
    try:
        # Unlike a rename, this fails when another command has just made one.
        os.link(beside, file)
    except FileExistsError:
        return _host(file)
    finally:
        beside.unlink()
    return _host(file)
