"""Noticing that something of the keeper's was removed, and making it again."""

import contextlib
import os
import socket
import time
from collections.abc import Callable

from engineroom.keeper import kernel, log, resource_limits
from engineroom.keeper.about import About
from engineroom.keeper.cgroups.setup import REMEMBERED_NAME, Setup, remember
from engineroom.keeper.folder.identity import IDENTITY_NAME, keep
from engineroom.keeper.folder.keeper_folder import KeeperFolder, StartError
from engineroom.keeper.greeting import Secret
from engineroom.keeper.output.spool import Spool
from engineroom.keeper.processes.supervisor import Supervisor

_LOOK_SECONDS = 2.0
_KIND = "keeper.mended"


class Mender:
    """Looks every few seconds. `listen` is called with the socket that is to be listened on from then on."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        place: KeeperFolder,
        about: About,
        setup: Setup,
        supervisor: Supervisor,
        spool: Spool,
        secret: Secret,
    ) -> None:
        self.listen: Callable[[socket.socket], None] = lambda listener: None  # noqa: ARG005
        self._place = place
        self._setup = setup
        self._supervisor = supervisor
        self._spool = spool
        self._about = about
        self._secret = secret
        self._due = 0.0
        self._is_failing = False
        self._is_short = False

    def turn(self) -> float:
        """Look when that is due; return in how many seconds it will be."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _LOOK_SECONDS
            self._mend()
            self._foresee()
            for message in self._spool.held.news():
                self._about.news.tell("output.held", message)
        return max(0.0, self._due - now)

    def _mend(self) -> None:
        try:
            mended = self._mended()
            self._is_failing = False
        except (OSError, StartError) as error:
            mended = []
            if not self._is_failing:
                self._is_failing = True
                log.write(
                    "error", "keeper.unmended", "Cannot make again what was removed.", reason=str(error)
                )
        if mended:
            message = f"Somebody has removed {', '.join(mended)} of the keeper's in {self._place.folder}; it is made again."
            self._about.news.tell(_KIND, message)

    def _foresee(self) -> None:
        """Tell that descriptors will not suffice for what runs, before they are missing."""
        shortage = resource_limits.shortage(len(self._supervisor.processes))
        if shortage is not None and not self._is_short:
            self._about.news.tell("keeper.short_of_descriptors", f"{shortage[:1].upper()}{shortage[1:]}.")
        self._is_short = shortage is not None

    def _mended(self) -> list[str]:
        """Make again what is missing; return what that was, in words."""
        place, mended = self._place, []
        if place.hold():
            mended.append("the lock")
        if not (place.folder / IDENTITY_NAME).exists():
            keep(place.folder, place.lock, self._about.name)
        self._secret.read()
        if not place.can_be_found:
            self.listen(place.listen())
            mended.append("the socket")
        mended += self._supervisor.heal()
        if self._spool.heal():
            mended.append("the folder of output (what runs prints into nothing until it starts again)")
        if self._setup.cgroups is not None and not (place.folder / REMEMBERED_NAME).exists():
            remember(place.folder, kernel.boot_id(), self._setup.cgroups.trees)
        _reopen_log(place)
        return mended


def _reopen_log(place: KeeperFolder) -> None:
    """Write into the log again where it was removed; the launcher has given it to us as standard error."""
    with contextlib.suppress(OSError):
        if os.fstat(2).st_nlink == 0:
            file = os.open(place.folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.dup2(file, 2)
            os.close(file)
