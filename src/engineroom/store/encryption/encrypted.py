"""The type of a column whose text the database has only encrypted."""

from typing import Any

from sqlalchemy import Dialect, Text, TypeDecorator

from engineroom.model.applications.unreadable import Unreadable
from engineroom.store.encryption.key_file import KeyringError
from engineroom.store.encryption.keyring import Keyring


class Encrypted(TypeDecorator[str]):
    """Text that the database has only encrypted. The keys are those of the engine that the statement runs on.

    What cannot be decrypted is read as `Unreadable`, and stored as it was: it concerns nothing beside it.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as the database takes it."""
        if value is None:
            return None
        return value.encrypted if isinstance(value, Unreadable) else keyring_of(dialect).encrypt(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the text as it was given."""
        if value is None:
            return None
        try:
            return keyring_of(dialect).decrypt(value)
        except KeyringError as error:
            return Unreadable(value, str(error))


def keyring_of(dialect: Dialect) -> Keyring:
    """Return the keys of the engine that has this dialect."""
    found: Keyring = dialect.engineroom_keyring  # type: ignore[attr-defined]
    return found
