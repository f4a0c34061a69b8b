"""The folders that things may be run in on this host: a list that the keeper checks at each start.

Only commands of whoever administers the host write it, never a request.
"""

import contextlib
import fcntl
import os
import pwd
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from engineroom.model.ids import OrganizationId

_FILE = "allowed.json"
_LOCK = "allowed.lock"
_ROOT = 0


class FolderError(Exception):
    """A folder cannot be allowed, or the list not be used; why, and what to do next."""


class AllowedFolder(msgspec.Struct, frozen=True):
    """A folder, with all in it, that one organization may have things run in, as this user, while one of `owners` has it."""

    path: str
    uid: int
    gid: int
    owners: tuple[int, ...]
    organization: OrganizationId

    @property
    def user(self) -> str:
        """The name of the user, or the number of one without a name."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def covers(self, path: str) -> bool:
        """Return whether a path is that of the folder or of something inside, by its name."""
        return path == self.path or path.startswith(f"{self.path.rstrip('/')}/")


class _File(msgspec.Struct):
    folders: list[AllowedFolder] = []


class AllowedFolders:
    """The list, in the keeper's folder. Not there at all, nothing was ever written: an earlier version knew of no list."""

    def __init__(self, keeper: Path) -> None:
        self._folder = keeper
        self._file = keeper / _FILE

    @property
    def exists(self) -> bool:
        """Whether there is a list."""
        return self._file.exists()

    @property
    def was_lost(self) -> bool:
        """Whether the list was removed with all that is beside it. Removed alone, it was meant."""
        return self._folder.is_dir() and not self.exists and not (self._folder / _LOCK).exists()

    def all(self) -> Sequence[AllowedFolder]:
        """Return the list. Raises FolderError when it cannot be read."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_File).folders
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError) as error:
            raise FolderError(
                f"cannot read which folders are allowed: {self._file}: {error}; mend it, or remove it and run "
                "`engineroom folder allow` again"
            ) from None

    def nearest(self, path: str, organization: OrganizationId) -> AllowedFolder | None:
        """Return the organization's folder that a path is in, the innermost one."""
        covering = [each for each in self.all() if each.organization == organization and each.covers(path)]
        return max(covering, key=lambda each: len(each.path), default=None)

    def of(self, organization: OrganizationId) -> Sequence[AllowedFolder]:
        """Return an organization's folders."""
        return [each for each in self.all() if each.organization == organization]

    def add(self, folders: Sequence[AllowedFolder]) -> None:
        """Allow these; what was said before of the same folder, organization and user is replaced."""
        new = {_key(each): each for each in folders}
        self._change(lambda before: [each for each in before if _key(each) not in new] + list(new.values()))

    def pin(self, folder: AllowedFolder) -> None:
        """Allow a folder in this way alone to its organization, whatever was said of the same folder before."""
        same = (folder.path, folder.organization)
        self._change(
            lambda before: [each for each in before if (each.path, each.organization) != same] + [folder]
        )

    def remove(self, path: str, organization: OrganizationId | None = None) -> Sequence[AllowedFolder]:
        """Allow a folder no more, to one organization or to all; return what that was."""
        removed = [
            each for each in self.all() if each.path == path and organization in (None, each.organization)
        ]
        self._change(lambda before: [each for each in before if each not in removed])
        return removed

    def _change(self, change: Callable[[Sequence[AllowedFolder]], list[AllowedFolder]]) -> None:
        try:
            with self._locked():
                self._write(_File(change(self.all())))
        except OSError as error:
            raise FolderError(
                f"cannot write which folders are allowed: {self._file}: {error.strerror}; run this as the user whom "
                "engineroom runs as, and make room"
            ) from None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, content: _File) -> None:
        """Replace the file at once: the keeper reads all of it or all of the one before, also after a crash."""
        beside = self._file.with_suffix(".new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content)))
            file.flush()
            os.fsync(descriptor)
            if os.geteuid() == _ROOT:
                # The keeper may run as the user who has the folder, and has to read it.
                owner = self._folder.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        beside.replace(self._file)


def allowed_folder(
    path: str, organization: OrganizationId, *, user: str | None = None, owners: Sequence[str] | None = None
) -> AllowedFolder:
    """Return what allows a folder, as it is now, to an organization, to run things in as `user`.

    Without one that is the folder's owner, or who engineroom runs as when that is not root. `owners` may have what is in it,
    besides the user; without any its own owner, and nobody else. Raises FolderError.
    """
    try:
        facts = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FolderError(f"cannot allow {path}: {reason}; give a folder that is there") from None
    uid = _uid(user) if user is not None else facts.st_uid if os.geteuid() == _ROOT else os.geteuid()
    if os.geteuid() not in (_ROOT, uid):
        raise FolderError(
            f"cannot run things in {path} as {user}: only root's engineroom can; leave out --user"
        )
    others = () if owners is None else (uid, *(_uid(owner) for owner in owners))
    return AllowedFolder(
        path=path,
        uid=uid,
        gid=_gid(uid, facts),
        owners=tuple(sorted({facts.st_uid, *others})),
        organization=organization,
    )


def _uid(user: str) -> int:
    if user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError):
        raise FolderError(f"this host has no user {user!r}; make it, or give another one") from None


def _gid(uid: int, facts: os.stat_result) -> int:
    """Return the group of a user; of one whom the host does not know, that of his folder."""
    try:
        return pwd.getpwuid(uid).pw_gid
    except (KeyError, OverflowError):
        return facts.st_gid if uid == facts.st_uid else uid


def _key(folder: AllowedFolder) -> tuple[str, int, str]:
    return folder.path, folder.uid, folder.organization
