"""`python -m engineroom.keeper FOLDER`: supervise this host's processes, with everything to remember in FOLDER."""

import contextlib
import os
import sys
from pathlib import Path
from typing import NamedTuple

from engineroom import __version__
from engineroom.keeper import failures, kernel, log, resource_limits
from engineroom.keeper.about import About
from engineroom.keeper.calls import Calls
from engineroom.keeper.cgroups.setup import Setup, set_up
from engineroom.keeper.containment.birth_marks import BirthMarks
from engineroom.keeper.containment.containers import Containers
from engineroom.keeper.folder.identity import CopiedFolderError, identify
from engineroom.keeper.folder.keeper_folder import KeeperFolder, StartError
from engineroom.keeper.folder.mender import Mender
from engineroom.keeper.greeting import Secret
from engineroom.keeper.launch.allowed import AllowList
from engineroom.keeper.loop import Loop
from engineroom.keeper.output.poller import OutputPoller
from engineroom.keeper.output.spool import Spool
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.recovery import recover
from engineroom.keeper.processes.supervisor import Supervisor

_LOCK_OPTION = "--lock"

_CANNOT_GO_ON = "the keeper cannot go on; what it runs goes on running, and the server starts another keeper"
_CANNOT_GO_ON_STATUS = 3
"""Another one than that of a keeper which cannot start, as it is no use to start that again."""


def main() -> int:
    """Run the keeper; return its exit status."""
    folder, *rest = sys.argv[1:] or [""]
    if not folder or (rest and rest[0] != _LOCK_OPTION):
        sys.stderr.write("usage: python -m engineroom.keeper FOLDER\n")
        return 2
    try:
        keeper = begin(Path(folder).absolute(), inherited_lock=int(rest[1]) if rest else None)
    except (StartError, CopiedFolderError, OSError) as error:
        sys.stderr.write(f"cannot start the keeper: {error}\n")
        return 1
    try:
        run(keeper)
    except OSError as error:
        failures.report(error)
        sys.stderr.write(f"{_CANNOT_GO_ON}: {error}\n")
        return _CANNOT_GO_ON_STATUS
    return 0


class KeeperParts(NamedTuple):
    """What a keeper that runs consists of, as far as its beginning and its end have to do with it."""

    place: KeeperFolder
    setup: Setup
    journal: Journal
    supervisor: Supervisor
    spool: Spool
    calls: Calls
    loop: Loop


def begin(folder: Path, *, inherited_lock: int | None = None) -> KeeperParts:
    """Go on where an earlier keeper stopped, and listen.

    Raises StartError when another keeper has the folder, OSError when it is bad. `inherited_lock` is the folder's lock, held
    by this very process since before its upgrade.
    """
    place = KeeperFolder(folder, inherited_lock)
    _keep_to_ourselves()
    kernel.become_subreaper()
    resource_limits.raise_open_files()
    name = identify(folder, place.lock)
    boot = kernel.boot_id()
    journal = Journal(folder / "journal", boot=boot)
    spool = Spool(folder / "spool", boot=boot)
    setup = set_up(folder, boot)
    supervisor = Supervisor(journal, spool, Containers(setup.cgroups, BirthMarks(name)), AllowList(folder))
    recover(journal, supervisor, boot)
    for process in supervisor.processes.values():
        if process.pid is not None:
            spool.began(process.id, process.pid, process.spec.output_file)
    spool.recover({process.id: process.pid or 0 for process in supervisor.processes.values()})
    poller = OutputPoller(spool)
    about, secret = About(name, __version__), _secret(folder)
    calls = Calls(supervisor, journal, poller, setup, about)
    mender = Mender(place, about, setup, supervisor, spool, secret)
    loop = Loop(supervisor, poller, calls, mender, place.listen(), secret)
    os.chdir("/")
    log.write("info", "keeper.started", "The keeper listens.", pid=os.getpid(), folder=str(folder))
    _tell_of_limits(setup)
    loop.open()
    return KeeperParts(place, setup, journal, supervisor, spool, calls, loop)


def run(keeper: KeeperParts) -> None:
    """Supervise until told to stop. Raises OSError when the loop itself cannot go on."""
    calls, loop, supervisor = keeper.calls, keeper.loop, keeper.supervisor
    loop.run()
    while calls.upgrading and not loop.told_to_stop:
        _execute_anew(calls.python, keeper.place.folder, keeper.place.lock)
        calls.upgrading = False
        loop.run()
    log.write("info", "keeper.stopped", "The keeper ends.", processes=len(supervisor.processes))
    if keeper.setup.cgroups is not None and not supervisor.processes:
        keeper.setup.cgroups.close()
    if not supervisor.processes:
        keeper.journal.variables.remove()
    keeper.spool.puncher.close()
    os.close(keeper.place.lock)


def _secret(folder: Path) -> Secret:
    """Return the folder's secret. One that cannot be made, on a full disk, keeps clients away, but ends nothing."""
    secret = Secret(folder)
    try:
        secret.read()
    except OSError as error:
        log.write("error", "secret.missing", "No client can greet until there is room.", reason=str(error))
    return secret


def _tell_of_limits(setup: Setup) -> None:
    if setup.cgroups is not None:
        log.write("info", "cgroups.used", "Processes are held and counted by cgroups.", kind=setup.kind)
    for what, reason in setup.unlimited.items():
        log.write("warning", "limits.unenforced", f"Processes run without a limit on {what}.", reason=reason)


def _execute_anew(python: str, folder: Path, lock: int) -> None:
    """Become the program as it is installed there: same pid, same children, same lock. Returns only when that fails."""
    os.set_inheritable(lock, True)
    resource_limits.restore_open_files()
    command = [python, "-I", "-m", "engineroom.keeper", str(folder), _LOCK_OPTION, str(lock)]
    try:
        os.execv(python, command)  # noqa: S606
    except OSError as error:
        os.set_inheritable(lock, False)
        resource_limits.raise_open_files()
        log.write("error", "keeper.upgrade_failed", "Cannot execute the keeper anew.", reason=str(error))


def _keep_to_ourselves() -> None:
    """Have no child inherit a descriptor: neither our lock, nor what whoever started us has left open."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) > 2:
            with contextlib.suppress(OSError):  # that of the folder itself is closed again
                os.set_inheritable(int(name), False)


if __name__ == "__main__":
    sys.exit(main())
