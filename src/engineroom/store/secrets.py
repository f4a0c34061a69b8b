"""What keeps secrets unreadable to whoever has the database alone: AES-256-GCM, under keys that are kept outside of it."""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, Text, TypeDecorator

from engineroom.store.errors import StoreError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_MARK = "er1"
KEY_ID_LENGTH = 8


class KeyringError(StoreError):
    """The keys cannot be used, why, and what to do next."""


class Keyring:
    """The keys in a file, or those given instead of it. The first one seals; any of them unseals."""

    def __init__(self, file: Path, given: str | None = None) -> None:
        """Read the keys; `given` holds them, separated by commas, in place of the file. Raises KeyringError."""
        self._file = file
        self._given = given
        self._fresh: str | None = None
        self._keys = self._read()
        if not self._keys:
            self._fresh = _new_key()
            self._keys = _parse([self._fresh], "a new key")

    def seal(self, text: str) -> str:
        """Return the text sealed with the first key, with that key's id."""
        key_id, key = next(iter(self._keys.items()))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = _cipher(key).encrypt(nonce, text.encode(), key_id.encode())
        return f"{_MARK}:{key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str) -> str:
        """Return the text. Raises KeyringError when its key is not there, or it was changed."""
        _, key_id, content = sealed.split(":", 2)
        key = self._keys.get(key_id) or self._reread().get(key_id)
        if key is None:
            raise self.lacks(key_id)
        raw = base64.b64decode(content)
        return _open(key, raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key_id).decode()

    @property
    def current_mark(self) -> str:
        """How everything begins that was sealed with the first key."""
        return f"{_MARK}:{next(iter(self._keys))}:"

    def require(self, key_ids: Iterable[str]) -> None:
        """Raise KeyringError when one of these keys, with which something is sealed, is not there."""
        for key_id in key_ids:
            if key_id not in self._keys:
                raise self.lacks(key_id)

    def keep(self) -> None:
        """Write a key that was made anew, because there was none, to the file."""
        if self._fresh is not None:
            _write(self._file, [self._fresh])
            self._fresh = None

    def rotate(self) -> None:
        """Put a new key before those in the file. Raises KeyringError when the keys do not come from the file."""
        if self._given is not None:
            raise KeyringError(
                "cannot make a new key: the keys come from ENGINEROOM_KEY; put a new one before them there, "
                "separated by a comma, and start the server"
            )
        _write(self._file, [_new_key(), *self._file.read_text().split()])
        self._keys = self._read()

    def forget_others(self) -> None:
        """Leave only the first key and the one before it in the file: a server may still be at work with that."""
        _write(self._file, self._file.read_text().split()[:2])
        self._keys = self._read()

    def lacks(self, key_id: str) -> KeyringError:
        """Return the error that says that a key is missing."""
        where = "ENGINEROOM_KEY" if self._given is not None else str(self._file)
        return KeyringError(
            f"cannot read the variables of environments: they are sealed with the key {key_id}, which is not in {where}; "
            "put that key back. Nothing is lost, and nothing was changed"
        )

    def _read(self) -> dict[str, bytes]:
        if self._given is not None:
            return _parse(self._given.split(","), "ENGINEROOM_KEY")
        try:
            lines = self._file.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise KeyringError(f"cannot read the keys in {self._file}: {error}; put them back") from None
        if not lines:
            raise KeyringError(f"cannot use {self._file}: there is no key in it; put it back")
        return _parse(lines, str(self._file))

    def _reread(self) -> dict[str, bytes]:
        """Return the keys as they are now: another program may have rotated them."""
        self._keys = self._read() or self._keys
        return self._keys


class Sealed(TypeDecorator[str]):
    """Text that the database has only sealed. The keys are those of the engine that the statement runs on."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as the database takes it."""
        return None if value is None else keyring_of(dialect).seal(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the text as it was given."""
        return None if value is None else keyring_of(dialect).unseal(value)


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


def _write(file: Path, lines: Iterable[str]) -> None:
    """Write the keys so that a crash leaves either the old ones or the new ones."""
    beside = file.with_name(f"{file.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as output:
        output.write("".join(f"{line}\n" for line in lines))
        output.flush()
        os.fsync(output.fileno())
    beside.replace(file)


def _cipher(key: bytes) -> Any:
    # Imported late: what has no secrets needs no cryptography, which is large.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)


def _open(key: bytes, nonce: bytes, sealed: bytes, key_id: str) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        content: bytes = _cipher(key).decrypt(nonce, sealed, key_id.encode())
    except InvalidTag:
        raise KeyringError(
            "cannot read a variable of an environment: it was changed after it was sealed; restore the database"
        ) from None
    return content
