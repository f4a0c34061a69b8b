"""What keeps secrets unreadable to whoever has the database alone: AES-256-GCM, under keys that are kept outside of it."""

from collections.abc import Collection
from pathlib import Path

import structlog

from engineroom.store.encryption import keys
from engineroom.store.encryption.key_file import KeyFile, KeyringError

_MARK = "er1"

_log = structlog.get_logger()


class Keyring:
    """The keys in a file, or those given instead of it. The first one encrypts; any of them decrypts."""

    def __init__(self, file: Path, given: str | None = None) -> None:
        """Read the keys; `given` holds them, separated by commas, in place of the file. Raises KeyringError."""
        self._file = None if given is not None else KeyFile(file)
        self._unsaved: str | None = None
        self._keys: dict[str, bytes] = {}
        self._lines = self._file.lines() if self._file is not None else (given or "").split(",")
        if self._file is not None and not self._lines:
            self._unsaved = keys.new_key()
            self._lines = [self._unsaved]
        self._keys = keys.parsed(self._lines, str(self))

    def __str__(self) -> str:
        """Return where the keys are."""
        return "ENGINEROOM_KEY" if self._file is None else str(self._file)

    def encrypt(self, text: str) -> str:
        """Return the text encrypted with the first key, with that key's id. Raises KeyringError when no key can be kept."""
        self._follow()
        key_id, key = next(iter(self._keys.items()))
        return f"{_MARK}:{key_id}:{keys.encrypted(key, text, key_id)}"

    def decrypt(self, encrypted: str) -> str:
        """Return the text. Raises KeyringError when its key is not there, or it was changed."""
        mark, _, rest = encrypted.partition(":")
        key_id, _, content = rest.partition(":")
        if mark != _MARK:
            raise KeyringError(keys.CHANGED)
        if key_id not in self._keys:
            self._follow()
        if key_id not in self._keys:
            raise self.lacks(key_id)
        return keys.decrypted(self._keys[key_id], content, key_id)

    @property
    def current_mark(self) -> str:
        """How everything begins that was encrypted with the first key."""
        self._follow()
        return f"{_MARK}:{next(iter(self._keys))}:"

    def require(self, key_ids: Collection[str]) -> None:
        """Raise KeyringError when nothing of what is encrypted, with these keys, can be read: these are not its keys.

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
        if self._unsaved is not None and self._file is not None:
            self._file.make([self._unsaved])
            self._take_over()

    def rotate(self) -> None:
        """Put a new key before those in the file. Raises KeyringError when the keys do not come from the file.

        The others stay: what is encrypted with them, in the database or in a copy of it, can be read as before.
        """
        if self._file is None:
            raise KeyringError(
                "cannot make a new key: the keys come from ENGINEROOM_KEY; put a new one before them there, "
                "separated by a comma, and start the server"
            )
        self._follow()
        self._file.prepend(keys.new_key())
        self._take_over()

    def lacks(self, key_id: str) -> KeyringError:
        """Return the error that says that a key is missing."""
        return KeyringError(
            f"cannot read what is encrypted with the key {key_id}, which is not in {self}; put that key back, or enter "
            "what it encrypted again. Nothing is lost, and nothing was changed"
        )

    def _follow(self) -> None:
        """See that the keys are those in the file, as another program may have rotated them. Raises KeyringError."""
        if self._unsaved is not None:
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
        self._keys = keys.parsed(lines, str(self))
        self._lines = lines
        self._unsaved = None
