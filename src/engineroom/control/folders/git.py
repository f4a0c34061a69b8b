"""What code is in a folder."""

import asyncio
import re

from engineroom.model.applications.deployment import Commit
from engineroom.model.applications.repository import Checkout, branch_name, full_name
from engineroom.sandbox import Sandbox, SandboxError, TaskLimits, Tenant, TenantCommand, in_a_line

_SEPARATOR = "\x1f"
_FORMAT = _SEPARATOR.join(("%H", "%s", "%an"))
_LAST_COMMIT = ("log", "-1", "--encoding=UTF-8", "--no-show-signature", "--no-patch", f"--format={_FORMAT}")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LIMITS = TaskLimits(seconds=5.0, cpu_seconds=3, answer_bytes=65536)
"""No process besides: whatever the repository's configuration names as a program, git cannot start it."""

_OFF = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.packedGitWindowSize": "16m",
    "core.packedGitLimit": "64m",
    "gpg.program": "false",
    "log.mailmap": "false",
    "log.showSignature": "false",
    "protocol.allow": "never",
}
_VARIABLES = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}


async def commit_in(sandbox: Sandbox, directory: str | None, os_user: str | None) -> Commit:
    """Return the commit that is checked out in a folder; an empty one where that cannot be found out."""
    if directory is None:
        return Commit()
    printed = await _git(sandbox, directory, os_user, *_LAST_COMMIT)
    fields = (printed or "").strip().split(_SEPARATOR)
    if len(fields) != _FORMAT.count(_SEPARATOR) + 1 or not _HASH.fullmatch(fields[0]):
        return Commit()
    return Commit(hash=fields[0], message=in_a_line(fields[1]), author=in_a_line(fields[2]) or None)


async def checkout_in(sandbox: Sandbox, directory: str, os_user: str | None) -> Checkout:
    """Return where the code in a folder comes from; what of it cannot be found out is None."""
    remote, branch = await asyncio.gather(
        _git(sandbox, directory, os_user, "config", "--local", "--get", "remote.origin.url"),
        _git(sandbox, directory, os_user, "symbolic-ref", "--quiet", "--short", "HEAD"),
    )
    return Checkout(
        repository=None if remote is None else full_name(remote.removesuffix("\n")),
        branch=None if branch is None else branch_name(branch.removesuffix("\n")),
    )


async def _git(sandbox: Sandbox, directory: str, os_user: str | None, *words: str) -> str | None:
    """Return what git printed, run as the folder's user; None when it could not say."""
    # Whoever runs the code in this folder may read its history, too, though the folder belongs to somebody else.
    settings = {**_OFF, "safe.directory": directory}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = TenantCommand(
        argv=("git", *options, "--no-pager", *words), folder=directory, variables=_VARIABLES
    )
    try:
        ran = await sandbox.run(command, Tenant(folder=directory, os_user=os_user), _LIMITS)
    except SandboxError:
        return None
    return ran.output.decode(errors="replace") if ran.code == 0 else None
