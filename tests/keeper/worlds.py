"""The kinds of host that a keeper may find itself on, made of this one."""

from pathlib import Path

AS_IT_IS: tuple[str, ...] = ()


def _after(unmount: str) -> tuple[str, ...]:
    """Return a command that executes its arguments where this has been unmounted."""
    return ("unshare", "--mount", "sh", "-c", f'{unmount} && exec "$@"', "sh")


# Wherever they are mounted: a chroot may have them once more.
WITHOUT_CGROUPS = _after("umount --all --types cgroup,cgroup2")

WORLDS = {"as it is": AS_IT_IS, "without cgroups": WITHOUT_CGROUPS}

if Path("/sys/fs/cgroup/unified").is_dir() and Path("/sys/fs/cgroup/memory").is_dir():
    WORLDS["with version 1 alone"] = _after("umount --all --types cgroup2")
