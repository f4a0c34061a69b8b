"""What a host can carry: all that it has, or what its administrator gave engineroom of it."""

import os
from pathlib import Path

import pytest

from engineroom.runtime.local.capacity import LocalCapacity, cpu_limit, limiting_folders, memory_limit

UNIFIED = "30 1 0:26 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw"
MEMORY = "31 1 0:27 {root} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
CPU = "32 1 0:28 {root} /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct"


def folders(mounts: list[str], own: list[str], *, root: str = "/") -> list[str]:
    return [str(found) for found in limiting_folders([line.format(root=root) for line in mounts], own)]


def cgroup(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_every_cgroup_above_limits_what_is_below() -> None:
    assert folders([UNIFIED], ["0::/system.slice/engineroom.service"]) == [
        "/sys/fs/cgroup/system.slice/engineroom.service",
        "/sys/fs/cgroup/system.slice",
        "/sys/fs/cgroup",
    ]


def test_each_hierarchy_of_version_1_has_its_own_and_a_container_sees_its_part_alone() -> None:
    own = ["5:memory:/docker/a/b", "4:cpu,cpuacct:/docker/a", "0::/"]
    assert folders([MEMORY, CPU], own, root="/docker/a") == [
        "/sys/fs/cgroup/memory/b",
        "/sys/fs/cgroup/memory",
        "/sys/fs/cgroup/cpu",
    ]


@pytest.mark.parametrize("own", ["0::/../elsewhere", "0::/elsewhere"])
def test_of_a_cgroup_that_cannot_be_seen_only_the_top_is_looked_at(own: str) -> None:
    assert folders([UNIFIED], [own], root="/docker/a") == ["/sys/fs/cgroup"]


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"memory__max": "1048576\n"}, 1 << 20),
        ({"memory__max": "max\n"}, None),
        ({"memory__limit_in_bytes": "1048576\n"}, 1 << 20),
        ({}, None),
    ],
)
def test_a_limit_of_memory_is_read_in_both_versions(
    tmp_path: Path, files: dict[str, str], limit: int | None
) -> None:
    assert memory_limit(cgroup(tmp_path, **files)) == limit


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu__max": "150000 100000\n"}, 1.5),
        ({"cpu__max": "max 100000\n"}, None),
        ({"cpu__cfs_quota_us": "50000\n", "cpu__cfs_period_us": "100000\n"}, 0.5),
        ({"cpu__cfs_quota_us": "-1\n", "cpu__cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_a_limit_of_processors_is_read_in_both_versions(
    tmp_path: Path, files: dict[str, str], limit: float | None
) -> None:
    assert cpu_limit(cgroup(tmp_path, **files)) == limit


@pytest.mark.parametrize(
    "lock",
    ["", "no pid", str(os.getpid()), str(1 << 22)],
    ids=["nothing", "no pid", "a keeper", "a keeper that is gone"],
)
def test_a_real_host_has_memory_and_processors_whether_or_not_a_keeper_runs(
    tmp_path: Path, lock: str
) -> None:
    (tmp_path / "lock").write_text(lock)

    found = LocalCapacity(tmp_path / "lock").read()

    assert found.memory_bytes
    assert found.cpus
    assert found.memory_bytes <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert found.cpus <= (os.cpu_count() or 1)
