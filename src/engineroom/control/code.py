"""What code is in a folder."""

import asyncio

from engineroom.model.deployment import Commit

_TIMEOUT_SECONDS = 5.0
_SEPARATOR = "\x1f"
_FORMAT = _SEPARATOR.join(("%H", "%s", "%an"))


async def commit_in(directory: str | None) -> Commit:
    """Return the commit that is checked out in a folder; an empty one where that cannot be found out."""
    if directory is None:
        return Commit()
    try:
        git = await asyncio.create_subprocess_exec(
            "git",
            "-C",
            directory,
            "log",
            "-1",
            f"--format={_FORMAT}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return Commit()
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            output, _ = await git.communicate()
    except TimeoutError:
        git.kill()
        await git.wait()
        return Commit()
    fields = output.decode(errors="replace").strip().split(_SEPARATOR)
    if git.returncode != 0 or len(fields) != _FORMAT.count(_SEPARATOR) + 1:
        return Commit()
    return Commit(hash=fields[0], message=fields[1], author=fields[2] or None)
