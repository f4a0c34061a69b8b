"""Entering a folder step by step, so that what was looked at is what is entered, whoever changes names meanwhile."""

import errno
import os
import stat

from engineroom.keeper.launch.allowed import WorkingFolder
from engineroom.keeper.launch.launch_error import LaunchError

_MAX_LINKS = 40
"""As many symbolic links as the kernel follows on the way to a file (path_resolution(7))."""

_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def enter(place: WorkingFolder) -> int:
    """Return a descriptor of the folder, which a process can be put into with `fchdir`.

    To be called as the user who runs there: what he may not enter he does not. Links are followed as they are just now.
    Raises LaunchError for what cannot be entered, for a step that somebody decides about who could have it lead
    elsewhere, and for a folder that belongs to somebody else than when it was allowed.
    """
    opened: list[int] = []
    try:
        _walk(place, opened)
        return opened.pop()
    except (OSError, ValueError) as error:
        raise LaunchError.of(error, place.path) from None
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _walk(place: WorkingFolder, opened: list[int]) -> None:
    """Open each step on the way; the last one that was opened is the folder."""
    opened.append(os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
    at, names, links = opened[0], place.path.split("/")[::-1], 0
    while names:
        name = names.pop()
        if name in ("", "."):
            continue
        step = os.open(name, _STEP, dir_fd=at)
        opened.append(step)
        facts = os.fstat(step)
        _check_step(place, name, facts, last=not any(names))
        if not stat.S_ISLNK(facts.st_mode):
            at = step
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        # By the descriptor, it is the link that was looked at (readlink(2)).
        target = os.readlink("", dir_fd=step)
        at = opened[0] if target.startswith("/") else at
        names += target.split("/")[::-1]
    opened.append(os.dup(at))
    _check_end(place, os.fstat(at))


def _check_step(place: WorkingFolder, name: str, facts: os.stat_result, *, last: bool) -> None:
    """Raise LaunchError for a step that somebody decides about who was not allowed to."""
    if stat.S_ISLNK(facts.st_mode) or not last:
        if facts.st_uid not in place.trusted:
            raise _refusal(
                place,
                f"{name} on the way there belongs to user {facts.st_uid}, who could have it lead elsewhere",
            )
        # With the sticky bit others may only add to it, and what they add is theirs.
        if stat.S_ISDIR(facts.st_mode) and facts.st_mode & stat.S_IWOTH and not facts.st_mode & stat.S_ISVTX:
            raise _refusal(
                place, f"everybody may write to {name} on the way there, and have it lead elsewhere"
            )


def _check_end(place: WorkingFolder, facts: os.stat_result) -> None:
    if not stat.S_ISDIR(facts.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if facts.st_uid not in place.owners:
        known = ", ".join(str(owner) for owner in sorted(place.owners))
        raise _refusal(place, f"it belongs to user {facts.st_uid} now, and to {known} when it was allowed")


def _refusal(place: WorkingFolder, text: str) -> LaunchError:
    advice = "mend that, or run `engineroom folder allow` on this host again"
    return LaunchError(errno.EPERM, f"{place.path}: {text}; {advice}")
