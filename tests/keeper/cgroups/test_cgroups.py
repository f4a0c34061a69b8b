"""Limits are kept and kills for memory are told, by the kernel's own cgroups, of whichever version this host has."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keeper.containment.test_containers import DAEMONIZES, stray_of
from tests.keeper.running_keeper import JsonObject, RunningKeeper, cgroup_trees, running_keeper
from tests.keeper.worlds import WORLDS
from tests.support import proc
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("root")

SLEEP = ("sleep", "600")
MEGABYTE = 1024 * 1024
HOGS = "import time; time.sleep(0.3); held = bytearray(200_000_000); time.sleep(600)"


@pytest.fixture(params=[name for name in WORLDS if name != "without cgroups"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningKeeper]:
    with running_keeper(tmp_path / "keeper", WORLDS[request.param]) as running:
        assert running.call("hello")["containers"].startswith("cgroup")
        yield running


def limits(**changed: object) -> JsonObject:
    return {"memory_bytes": None, "cpus": None, "processes": None, **changed}


def start(keeper: RunningKeeper, name: str, *argv: str, limited: JsonObject, group: str = "web.1") -> None:
    spec = keeper.spec(name, *argv, group=group)
    keeper.call("start", processes=[spec], groups={group: limited})


def setting(keeper: RunningKeeper, purpose: str, *names: str, group: str = "web.1") -> str:
    """Return what the kernel has for a group, from the file that this version of cgroups has for it."""
    base = Path(cgroup_trees(keeper.folder)[purpose]) / group
    (path,) = [base / name for name in names if (base / name).exists()]
    return path.read_text().strip()


def test_one_that_takes_more_memory_than_its_group_has_is_killed_and_that_is_told(
    keeper: RunningKeeper,
) -> None:
    start(keeper, "hog", sys.executable, "-c", HOGS, limited=limits(memory_bytes=64 * MEGABYTE))
    ended = keeper.wait("hog", "was killed", lambda process: process["last_exit"] is not None)["last_exit"]
    assert ended["signal"] == signal.SIGKILL
    assert ended["out_of_memory"] is True


def test_a_kill_by_hand_is_no_kill_for_memory(keeper: RunningKeeper) -> None:
    start(keeper, "a", *SLEEP, limited=limits(memory_bytes=64 * MEGABYTE))
    proc.kill(keeper.running("a"))
    ended = keeper.wait("a", "was killed", lambda process: process["last_exit"] is not None)["last_exit"]
    assert ended["out_of_memory"] is False


def test_a_shell_whose_child_was_killed_for_memory_tells_it_too(keeper: RunningKeeper) -> None:
    command = f"{sys.executable} -c '{HOGS}'; exit $?"
    start(keeper, "hog", "sh", "-c", command, limited=limits(memory_bytes=64 * MEGABYTE))
    ended = keeper.wait("hog", "ended", lambda process: process["last_exit"] is not None)["last_exit"]
    assert ended["code"] == 128 + signal.SIGKILL
    assert ended["out_of_memory"] is True


def test_a_kill_for_memory_that_a_life_got_over_is_not_why_the_next_one_ends(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    finished = tmp_path / "finished"
    hog = "import time; time.sleep(0.3); bytearray(200_000_000)"
    body = f"test -e {finished} && exit 3; {sys.executable} -c '{hog}'; echo $?; touch {finished}; exit 0"
    start(keeper, "a", "sh", "-c", body, limited=limits(memory_bytes=64 * MEGABYTE))
    ends = lambda process: process["last_exit"] is not None and process["last_exit"]["code"] == 3  # noqa: E731
    ended = keeper.wait("a", "ended its second life", ends)["last_exit"]
    assert keeper.output("a") == b"137\n", "the kernel has killed the hog"
    assert ended["out_of_memory"] is False


def test_a_group_has_as_many_processes_as_it_may_and_no_more(keeper: RunningKeeper) -> None:
    body = "sleep 0.3; for i in 1 2 3 4 5 6 7 8 9; do sleep 600 & done; echo all; wait"
    start(keeper, "a", "sh", "-c", body, limited=limits(processes=5))
    wait_until("it is told so", lambda: b"fork" in keeper.output("a", "stderr"))
    keeper.stop("a", force=True)


def test_processor_time_is_limited_as_asked(keeper: RunningKeeper) -> None:
    start(keeper, "a", *SLEEP, limited=limits(cpus=0.5))
    assert setting(keeper, "cpu", "cpu.max", "cpu.cfs_quota_us") in ("50000", "50000 100000")


def test_limits_change_under_running_processes(keeper: RunningKeeper) -> None:
    start(keeper, "a", *SLEEP, limited=limits(memory_bytes=64 * MEGABYTE))
    pid = keeper.running("a")
    for megabytes in (512, 32):
        keeper.call("limit", groups={"web.1": limits(memory_bytes=megabytes * MEGABYTE)})
        found = setting(keeper, "memory", "memory.max", "memory.limit_in_bytes")
        assert int(found) == megabytes * MEGABYTE
    assert keeper.running("a") == pid


def test_a_limit_below_what_is_used_is_kept_by_those_who_come_later(keeper: RunningKeeper) -> None:
    holds = "import time; time.sleep(0.3); held = bytearray(150_000_000); print('holds', flush=True); time.sleep(600)"
    start(keeper, "a", sys.executable, "-c", holds, limited=limits(memory_bytes=512 * MEGABYTE))
    start(keeper, "b", *SLEEP, limited=limits(memory_bytes=512 * MEGABYTE))
    wait_until("it holds memory", lambda: keeper.output("a"))
    keeper.call("limit", groups={"web.1": limits(memory_bytes=64 * MEGABYTE)})
    keeper.stop("a", force=True)
    keeper.gone("a")

    def limit() -> int:
        return int(setting(keeper, "memory", "memory.max", "memory.limit_in_bytes"))

    wait_until("the limit is set", lambda: limit() == 64 * MEGABYTE)


def test_limits_outlive_the_keeper(keeper: RunningKeeper) -> None:
    start(keeper, "a", *SLEEP, limited=limits(memory_bytes=64 * MEGABYTE))
    pid = keeper.running("a")
    keeper.end(signal.SIGKILL)
    keeper.start()
    assert keeper.running("a") == pid
    keeper.call("start", processes=[keeper.spec("hog", sys.executable, "-c", HOGS, group="web.1")])
    ended = keeper.wait("hog", "was killed", lambda process: process["last_exit"] is not None)["last_exit"]
    assert ended["out_of_memory"] is True


def is_limited(keeper: RunningKeeper, name: str, pid: int, group: str = "web.1") -> bool:
    """Return whether the process is in all trees: in its cell, which that of memory must have, or in its group."""
    trees = cgroup_trees(keeper.folder)
    bases = {Path(base) for base in trees.values() if isinstance(base, str)}
    cells = {base: base / group / keeper.id(name) for base in bases}
    wanted = [cells[base] if cells[base].exists() else base / group for base in bases]
    wanted.append(cells[Path(trees["memory"])])
    return all(cell.exists() and str(pid) in (cell / "cgroup.procs").read_text().split() for cell in wanted)


def test_one_that_was_started_just_before_the_keeper_died_is_limited_by_the_next(
    keeper: RunningKeeper,
) -> None:
    keeper.run("before", *SLEEP, group="web.1")
    keeper.stop("before")
    keeper.gone("before")
    start(keeper, "a", *SLEEP, limited=limits(memory_bytes=64 * MEGABYTE))
    keeper.end(signal.SIGKILL)
    keeper.start()
    pid = keeper.running("a")
    wait_until("it is limited", lambda: is_limited(keeper, "a", pid))


def test_one_whose_mover_was_killed_is_limited_all_the_same(keeper: RunningKeeper) -> None:
    start(keeper, "a", *SLEEP, limited=limits())
    pid = keeper.running("a")
    wait_until("it is limited", lambda: is_limited(keeper, "a", pid))
    movers = [other for other in proc.everyone() if proc.parent(other) == keeper.pid and other != pid]
    for mover in movers:  # none where everybody is born where he belongs
        os.kill(mover, signal.SIGSTOP)
    start(keeper, "b", *SLEEP, limited=limits())
    successor = keeper.running("b")
    for mover in movers:
        wait_until("it has its orders", lambda: has_orders(movers[0]))
        os.kill(mover, signal.SIGKILL)
    wait_until("it is limited", lambda: is_limited(keeper, "b", successor))


def has_orders(mover: int) -> bool:
    with Path(f"/proc/{mover}/fd/0").open("rb", buffering=0) as orders:
        return fcntl.ioctl(orders, termios.FIONREAD, bytes(4)) != bytes(4)


@pytest.mark.parametrize("runs", [False, True])
def test_a_limit_that_was_missing_is_looked_for_again_once_nobody_runs(
    keeper: RunningKeeper, *, runs: bool
) -> None:
    leader = keeper.run("a", *SLEEP) if runs else None
    keeper.end(signal.SIGKILL)
    known = json.loads((keeper.folder / "cgroups.json").read_text())
    known["trees"]["cpu"] = None
    (keeper.folder / "cgroups.json").write_text(json.dumps(known))
    keeper.start()
    assert list(keeper.call("hello")["unlimited"]) == (["cpu"] if runs else [])
    if leader is not None:
        assert keeper.running("a") == leader


def test_one_that_leaves_its_session_and_its_variables_behind_is_held_all_the_same(
    keeper: RunningKeeper,
) -> None:
    keeper.run("a", sys.executable, "-c", DAEMONIZES, "scrubbed")
    stray = stray_of(keeper, "a")
    keeper.stop("a", timeout_seconds=0.3)
    keeper.gone("a")
    assert not proc.is_alive(stray)


def test_a_leader_that_goes_into_another_cgroup_is_killed_there(keeper: RunningKeeper) -> None:
    tracker = Path(cgroup_trees(keeper.folder)["tracker"])
    elsewhere = tracker / "session"
    elsewhere.mkdir()
    move = f"trap '' TERM; echo $$ >{elsewhere}/cgroup.procs; echo moved; while :; do sleep 0.1; done"
    keeper.run("a", "sh", "-c", move)
    wait_until("it is elsewhere", lambda: keeper.output("a"))
    keeper.stop("a", timeout_seconds=0.3)
    keeper.gone("a")


def test_one_in_a_cgroup_that_its_process_has_made_is_ended_and_nothing_is_left_of_that(
    keeper: RunningKeeper,
) -> None:
    cell = Path(cgroup_trees(keeper.folder)["tracker"]) / "web.1" / keeper.id("a")
    inner = cell / "theirs" / "inner"
    child = f"echo 0 >{inner}/cgroup.procs; trap '' TERM; echo $$; while :; do sleep 0.05; done"
    keeper.run("a", "sh", "-c", f'mkdir -p {inner}; setsid sh -c "$0" & wait', child, group="web.1")
    wait_until("it has a child there", lambda: keeper.output("a"))
    keeper.stop("a", timeout_seconds=0.3)
    keeper.gone("a")
    wait_until("its group is gone", lambda: not cell.parent.exists())


def test_what_an_earlier_life_left_is_ended_while_the_next_one_runs(keeper: RunningKeeper) -> None:
    leader = keeper.run("a", sys.executable, "-c", DAEMONIZES, "scrubbed")
    first = stray_of(keeper, "a")
    proc.kill(leader)
    successor = keeper.running("a", other_than=leader)
    assert proc.is_alive(first), "it ignores the SIGTERM, and has ten seconds"
    wait_until("the second life has a grandchild too", lambda: keeper.output("a").count(b"\n") == 2)
    second = int(keeper.output("a").split()[1])
    wait_until("the first one is killed", lambda: not proc.is_alive(first), timeout_seconds=20)
    assert proc.is_alive(successor)
    assert proc.is_alive(second)


def test_whatever_is_made_of_its_cgroup_a_process_runs_and_ends(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    start(keeper, "a", "sh", "-c", f"test -e {ready} || exit 1; exec sleep 600", limited=limits())
    keeper.wait("a", "waits", lambda process: process["young_deaths"] >= 3 and not process["pid"])
    cell = Path(cgroup_trees(keeper.folder)["tracker"]) / "web.1" / keeper.id("a")
    controllers = cell / "cgroup.controllers"
    if controllers.exists() and "memory" in controllers.read_text():
        # As whoever makes cgroups of its own does, a container's init say. Nobody can be born in such a one (cgroups(7)).
        (cell / "cgroup.subtree_control").write_text("+memory")
    elif controllers.exists():
        # Such a one does not tell its processes.
        (cell / "cgroup.type").write_text("threaded")
    ready.touch()
    keeper.running("a")
    keeper.call("usage")
    keeper.stop("a", force=True)
    keeper.gone("a")


@pytest.mark.parametrize("meanwhile", ["the keeper is there", "the keeper is away"])
def test_the_cgroup_of_a_life_that_could_not_have_the_usual_one_goes_with_it(
    keeper: RunningKeeper, tmp_path: Path, meanwhile: str
) -> None:
    first = tmp_path / "first"
    stays = "trap '' TERM; echo $$; while :; do sleep 0.05; done"
    body = f'test -e {first} || {{ touch {first}; setsid sh -c "$0" & }}; exec sleep 600'
    start(keeper, "a", "sh", "-c", body, stays, limited=limits())
    wait_until("it has a child that stays", lambda: keeper.output("a"))
    pid = keeper.running("a")
    proc.kill(pid)
    second = keeper.running("a", other_than=pid)
    cell = Path(cgroup_trees(keeper.folder)["tracker"]) / "web.1" / f"{keeper.id('a')}.2"
    assert (cell / "cgroup.procs").read_text() == f"{second}\n"
    if meanwhile == "the keeper is away":
        keeper.end(signal.SIGKILL)
        proc.kill(second)
        keeper.start()
    else:
        proc.kill(second)
    keeper.running("a", other_than=second)
    wait_until("it is gone", lambda: not cell.exists())


def test_a_group_has_used_what_those_have_that_wait_or_are_gone(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    burnt = tmp_path / "burnt"
    start(keeper, "steady", *SLEEP, limited=limits())
    start(keeper, "a", "sh", "-c", f"while ! test -e {burnt}; do :; done; exit 1", limited=limits())

    def used(what: str, name: str) -> float:
        seconds: float = keeper.call("usage")[what][name][0]
        return seconds

    wait_until("it has burnt some time", lambda: used("processes", keeper.id("a")) > 0.5)
    burnt.touch()
    keeper.wait("a", "waits", lambda process: process["young_deaths"] >= 3 and not process["pid"])
    assert used("groups", "web.1") > 0.5
    keeper.stop("a")
    keeper.gone("a")
    assert used("groups", "web.1") > 0.5


def test_nothing_is_left_of_cgroups_when_everything_has_ended(keeper: RunningKeeper) -> None:
    start(keeper, "a", *SLEEP, limited=limits(cpus=1.0))
    keeper.running("a")
    bases = [Path(base) for base in cgroup_trees(keeper.folder).values() if isinstance(base, str)]
    assert all((base / "web.1").is_dir() for base in bases)
    keeper.stop("a")
    keeper.gone("a")
    wait_until("its group is gone", lambda: not any((base / "web.1").exists() for base in bases))


def test_a_cgroup_that_is_busy_when_its_process_has_ended_is_removed_later(keeper: RunningKeeper) -> None:
    start(keeper, "a", *SLEEP, limited=limits(cpus=1.0))
    keeper.running("a")
    trees = cgroup_trees(keeper.folder)
    groups = [Path(base) / "web.1" for base in trees.values() if isinstance(base, str)]
    with subprocess.Popen(SLEEP) as guest:
        # In version 1 also one of its own may be there for a moment when it is dead already.
        for group in {group for group in groups if group.parent != Path(trees["tracker"])}:
            cell = group / keeper.id("a")
            place = cell if cell.exists() else group
            (place / "cgroup.procs").write_text(str(guest.pid))
        keeper.stop("a")
        keeper.gone("a")
        guest.kill()
    wait_until("its group is gone", lambda: not any(group.exists() for group in groups))
