"""The kinds of host that a keeper may find itself on, made of this one."""

from pathlib import Path

AS_IT_IS: tuple[str, ...] = ()


def _without(*mounts: str) -> tuple[str, ...]:
    """Return a command that executes its arguments where these are not mounted."""
    unmount = " && ".join(f"umount --recursive {mount}" for mount in mounts)
    return ("unshare", "--mount", "sh", "-c", f'{unmount} && exec "$@"', "sh")


WITHOUT_CGROUPS = _without("/sys/fs/cgroup")

WORLDS = {"as it is": AS_IT_IS, "without cgroups": WITHOUT_CGROUPS}

if Path("/sys/fs/cgroup/unified").is_dir() and Path("/sys/fs/cgroup/memory").is_dir():
    WORLDS["with version 1 alone"] = _without("/sys/fs/cgroup/unified")
