"""What keeps secrets unreadable to whoever has the database alone: AES-256-GCM, under keys that are kept outside of it."""

import base64
import binascii
import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Dialect, Text, TypeDecorator

from engineroom.model.applications.unreadable import Unreadable
from engineroom.store.encryption.key_file import KeyFile, KeyringError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_MARK = "er1"
KEY_ID_LENGTH = 8

_log = structlog.get_logger()


class Keyring:
    """The keys in a file, or those given instead of it. The first one seals; any of them unseals."""

    def __init__(self, file: Path, given: str | None = None) -> None:
        """Read the keys; `given` holds them, separated by commas, in place of the file. Raises KeyringError."""
        self._file = None if given is not None else KeyFile(file)
        self._fresh: str | None = None
        self._keys: dict[str, bytes] = {}
        self._lines = self._file.lines() if self._file is not None else (given or "").split(",")
        if self._file is not None and not self._lines:
            self._fresh = _new_key()
            self._lines = [self._fresh]
        self._keys = _parse(self._lines, str(self))

    def __str__(self) -> str:
        """Return where the keys are."""
        return "ENGINEROOM_KEY" if self._file is None else str(self._file)

    def seal(self, text: str) -> str:
        """Return the text sealed with the first key, with that key's id. Raises KeyringError when no key can be kept."""
        self._follow()
        key_id, key = next(iter(self._keys.items()))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = _cipher(key).encrypt(nonce, text.encode(), key_id.encode())
        return f"{_MARK}:{key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str) -> str:
        """Return the text. Raises KeyringError when its key is not there, or it was changed."""
        mark, _, rest = sealed.partition(":")
        key_id, _, content = rest.partition(":")
        if mark != _MARK:
            raise KeyringError(_CHANGED)
        if key_id not in self._keys:
            self._follow()
        if key_id not in self._keys:
            raise self.lacks(key_id)
        return _open(self._keys[key_id], content, key_id)

    @property
    def current_mark(self) -> str:
        """How everything begins that was sealed with the first key."""
        self._follow()
        return f"{_MARK}:{next(iter(self._keys))}:"

    def require(self, key_ids: Collection[str]) -> None:
        """Raise KeyringError when nothing of what is sealed, with these keys, can be read: these are not its keys.

        What alone cannot be read is told where it is read.
        """
        if not key_ids:
            return
        if self._file is not None and self._file.exists() and self._file.changed():
            # Another program has made or rotated the keys since we looked.
            self._take_over()
        if not any(key_id in self._keys for key_id in key_ids):
            raise self.lacks(", ".join(sorted(key_ids)))
        for key_id in key_ids:
            if key_id not in self._keys:
                _log.error("A key is missing.", action="keys.missing", reason=str(self.lacks(key_id)))

    def keep(self) -> None:
        """Write a key that was made anew, because there was none, to the file, or take over what is there by now."""
        if self._fresh is not None and self._file is not None:
            self._file.make([self._fresh])
            self._take_over()

    def rotate(self) -> None:
        """Put a new key before those in the file. Raises KeyringError when the keys do not come from the file.

        The others stay: what is sealed with them, in the database or in a copy of it, can be read as before.
        """
        if self._file is None:
            raise KeyringError(
                "cannot make a new key: the keys come from ENGINEROOM_KEY; put a new one before them there, "
                "separated by a comma, and start the server"
            )
        self._follow()
        self._file.prepend(_new_key())
        self._take_over()

    def lacks(self, key_id: str) -> KeyringError:
        """Return the error that says that a key is missing."""
        return KeyringError(
            f"cannot read what is sealed with the key {key_id}, which is not in {self}; put that key back, or give "
            "what it sealed anew. Nothing is lost, and nothing was changed"
        )

    def _follow(self) -> None:
        """See that the keys are those in the file, as another program may have rotated them. Raises KeyringError."""
        if self._fresh is not None:
            self.keep()
        elif self._file is not None and self._file.changed():
            if not self._file.exists():
                _log.error("The keys were removed, and are put back.", action="keys.restored", file=str(self))
                self._file.make(self._lines)
            self._take_over()

    def _take_over(self) -> None:
        assert self._file is not None
        lines = self._file.lines()
        if not lines:
            raise KeyringError(
                f"cannot use the keys in {self._file}: they were removed just now; put them back"
            )
        self._keys = _parse(lines, str(self))
        self._lines = lines
        self._fresh = None


class Sealed(TypeDecorator[str]):
    """Text that the database has only sealed. The keys are those of the engine that the statement runs on.

    What cannot be unsealed is read as `Unreadable`, and stored as it was: it concerns nothing beside it.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as the database takes it."""
        if value is None:
            return None
        return value.sealed if isinstance(value, Unreadable) else keyring_of(dialect).seal(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the text as it was given."""
        if value is None:
            return None
        try:
            return keyring_of(dialect).unseal(value)
        except KeyringError as error:
            return Unreadable(value, str(error))


def keyring_of(dialect: Dialect) -> Keyring:
    """Return the keys of the engine that has this dialect."""
    found: Keyring = dialect.engineroom_keyring  # type: ignore[attr-defined]
    return found


def _parse(lines: Iterable[str], where: str) -> dict[str, bytes]:
    keys = {}
    for line in lines:
        try:
            key = base64.b64decode(line.strip(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != _KEY_BYTES:
            raise KeyringError(
                f"cannot use {where}: a key is {_KEY_BYTES} bytes in base64; put the right one back"
            )
        keys[hashlib.sha256(key).hexdigest()[:KEY_ID_LENGTH]] = key
    return keys


def _new_key() -> str:
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode()


_CHANGED = (
    "cannot read what is stored: it was changed after it was sealed; give it anew, or restore the database"
)


def _cipher(key: bytes) -> Any:
    # Imported late: what has no secrets needs no cryptography, which is large.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)


def _open(key: bytes, content: str, key_id: str) -> str:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        raw = base64.b64decode(content, validate=True)
        text: bytes = _cipher(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key_id.encode())
        return text.decode()
    except (InvalidTag, ValueError):
        # Of what is too short or no base64, ValueError.
        raise KeyringError(_CHANGED) from None
