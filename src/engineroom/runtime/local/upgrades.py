"""Keepers of another version than ours."""

import contextlib
import os
import sys
from binascii import crc32
from functools import cache
from pathlib import Path

import structlog

import engineroom
from engineroom import __version__
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local.keeper import OLDEST_PROTOCOL, PROTOCOL, Keeper, KeeperError
from engineroom.runtime.local.messages import Hello

_log = structlog.get_logger()


class Upgrades:
    """Asks a keeper of another version to execute itself anew, once; what cannot do that is worked with as it is."""

    def __init__(self) -> None:
        self._asked = False

    async def bring_up_to_date(self, keeper: Keeper, hello: Hello) -> None:
        """Have a keeper of another version execute itself anew; its processes go on. Say so when that is no help.

        Raises RuntimeUnavailableError when we would misunderstand each other.
        """
        if _is_ours(hello):
            return
        versions = {"keeper": hello.version, "ours": __version__}
        if not self._asked:
            self._asked = True
            _log.info("The keeper is of another version; upgrading it.", action="keeper.upgrade", **versions)
            with contextlib.suppress(KeeperError):
                await keeper.call("upgrade", python=sys.executable)
                raise ConnectionError("the keeper executes itself anew")
        if not OLDEST_PROTOCOL <= hello.protocol <= PROTOCOL + 1:
            raise RuntimeUnavailableError(
                f"the keeper is of version {hello.version}, which this server ({__version__}) cannot talk to; "
                "install both from the same version"
            )
        _log.warning(
            "The keeper stays of another version, as it executes only its own installation: upgrade that, or end the keeper "
            f"with kill -9 {hello.pid}. The next one takes over what runs.",
            action="keeper.version",
            **versions,
        )


def _is_ours(hello: Hello) -> bool:
    """Return whether the keeper is the very program that is installed here: a version may have more than one."""
    program = hello.fingerprint == _fingerprint() and hello.python == sys.executable
    return program and hello.version == __version__ and hello.protocol == PROTOCOL


@cache
def _fingerprint() -> str:
    """Return what changes with the keeper's modules, as it reckons it itself (see `engineroom.keeper.about`)."""
    checksum = 0
    folder = Path(engineroom.__file__).parent / "keeper"
    for path in sorted(folder.rglob("*.py")):
        checksum = crc32(os.fsencode(path.relative_to(folder)) + path.read_bytes(), checksum)
    return f"{checksum:08x}"
