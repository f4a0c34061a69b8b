"""What of the host is free is what is left of the tightest limit above engineroom, not of the whole machine."""

from pathlib import Path

import pytest

from engineroom.runtime.local import host
from engineroom.runtime.local.host import LocalHost, cpu_seconds_of_cgroup, memory_of_cgroup

MIB = 1 << 20


def cgroup(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {
            "memory__max": f"{100 * MIB}",
            "memory__current": f"{60 * MIB}",
            "memory__stat": f"inactive_file {20 * MIB}",
        },
        {
            "memory__limit_in_bytes": f"{100 * MIB}",
            "memory__usage_in_bytes": f"{60 * MIB}",
            "memory__stat": f"inactive_file 1\ntotal_inactive_file {20 * MIB}",
        },
    ],
)
def test_what_is_left_of_a_limit_of_memory_counts_no_cache(tmp_path: Path, files: dict[str, str]) -> None:
    assert memory_of_cgroup(cgroup(tmp_path, **files)) == (100 * MIB, 60 * MIB)


@pytest.mark.parametrize("files", [{}, {"memory__max": "max", "memory__current": "7"}, {"memory__max": "7"}])
def test_without_a_limit_or_a_count_nothing_is_known(tmp_path: Path, files: dict[str, str]) -> None:
    assert memory_of_cgroup(cgroup(tmp_path, **files)) is None


@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        ({"cpu__stat": "usage_usec 1500000\nuser_usec 1\n"}, 1.5),
        ({"cpu__stat": "nr_periods 0\n", "cpuacct__usage": "2500000000\n"}, 2.5),
        ({}, None),
    ],
)
def test_cpu_time_is_read_in_both_versions(
    tmp_path: Path, files: dict[str, str], seconds: float | None
) -> None:
    assert cpu_seconds_of_cgroup(cgroup(tmp_path, **files)) == seconds


def test_the_limit_above_engineroom_counts_where_it_is_tighter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = cgroup(
        tmp_path,
        memory__max=f"{8 * MIB}",
        memory__current=f"{6 * MIB}",
        cpu__max="50000 100000",
        cpu__stat="usage_usec 0",
    )
    monkeypatch.setattr(host, "cgroups_of_keeper", lambda lock: iter([limited]))  # noqa: ARG005
    monkeypatch.setattr(host, "_MIN_SECONDS", 0.0)
    monkeypatch.setattr(host, "_busy_seconds_of_host", lambda: 0.0)

    seen = LocalHost(0.15, tmp_path / "lock").read()

    assert (seen.memory_bytes, seen.memory_available_bytes) == (8 * MIB, 2 * MIB)
    assert (seen.cores, seen.cores_used) == (0.5, 0.0)


def test_without_limits_it_is_the_whole_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "cgroups_of_keeper", lambda lock: iter([tmp_path]))  # noqa: ARG005
    seen = LocalHost(0.15, tmp_path / "lock").read()
    assert seen.memory_bytes is not None
    assert seen.memory_available_bytes is not None
    assert 0 < seen.memory_available_bytes <= seen.memory_bytes
    assert seen.cores >= 1
    assert seen.cores_used is None, "nothing is known of the CPU at the first look"
