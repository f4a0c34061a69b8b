"""Keys, and what is encrypted with one: AES-256-GCM, the nonce before the text."""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable
from typing import Any

from engineroom.store.encryption.key_file import KeyringError

KEY_ID_LENGTH = 8
CHANGED = "cannot read what is stored: it was changed after it was encrypted; enter it again, or restore the database"
_KEY_BYTES = 32
_NONCE_BYTES = 12


def new_key() -> str:
    """Return a new key, as a line of the file."""
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode()


def parsed(lines: Iterable[str], where: str) -> dict[str, bytes]:
    """Return the keys in these lines, each by its id. Raises KeyringError."""
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


def encrypted(key: bytes, text: str, key_id: str) -> str:
    """Return the text encrypted with this key, in base64."""
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + _cipher(key).encrypt(nonce, text.encode(), key_id.encode())).decode()


def decrypted(key: bytes, content: str, key_id: str) -> str:
    """Return the text. Raises KeyringError when it was changed."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        raw = base64.b64decode(content, validate=True)
        text: bytes = _cipher(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key_id.encode())
        return text.decode()
    except (InvalidTag, ValueError):
        # Of what is too short or no base64, ValueError.
        raise KeyringError(CHANGED) from None


def _cipher(key: bytes) -> Any:
    # Imported late: what has no secrets needs no cryptography, which is large.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)
