"""What code is in a folder."""

from engineroom.model.deployment import Commit
from engineroom.sandbox import Command, Limits, Sandbox, SandboxError, Tenant

_SEPARATOR = "\x1f"
_FORMAT = _SEPARATOR.join(("%H", "%s", "%an"))
_LIMITS = Limits(seconds=5.0, cpu_seconds=3, answer_bytes=65536)
"""No process besides: whatever the repository's configuration names as a program, git cannot start it."""

_OFF = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.packedGitWindowSize": "16m",
    "core.packedGitLimit": "64m",
    "gpg.program": "false",
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
    command = Command(argv=_git(directory), folder=directory, variables=_VARIABLES)
    try:
        ran = await sandbox.run(command, Tenant(folder=directory, os_user=os_user), _LIMITS)
    except SandboxError:
        return Commit()
    fields = ran.output.decode(errors="replace").strip().split(_SEPARATOR)
    if ran.code != 0 or len(fields) != _FORMAT.count(_SEPARATOR) + 1:
        return Commit()
    return Commit(hash=fields[0], message=fields[1], author=fields[2] or None)


def _git(directory: str) -> tuple[str, ...]:
    # Whoever runs the code in this folder may read its history, too, though the folder belongs to somebody else.
    settings = {**_OFF, "safe.directory": directory}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return (
        "git",
        *options,
        "--no-pager",
        "log",
        "-1",
        "--no-show-signature",
        "--no-patch",
        f"--format={_FORMAT}",
    )
