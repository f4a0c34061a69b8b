"""The machine that the figures are from, and what was measured on it; without these facts they say nothing."""

import json
import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from benchmarks.setup import SOURCE


def facts(folder: Path) -> dict[str, str]:
    """Return what matters of this machine, and the versions of what is measured.

    `folder` is where databases and logs are written.
    """
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": _processor(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "kernel": platform.release(),
        "file system": _file_system(folder),
        "Python": platform.python_version(),
        "engineroom": metadata.version("engineroom"),
        "Supervisor": _version("supervisor"),
        "circus": _version("circus"),
        "PM2": json.loads((SOURCE / "package.json").read_text())["dependencies"]["pm2"],
        "s6": _package("s6"),
        "runit": _package("runit"),
    }


def load() -> str:
    """Return the load average of the last minute: above 1 before a run, others disturb the figures."""
    return f"{os.getloadavg()[0]:.2f}"


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _package(name: str) -> str:
    """Return the version of a Debian package."""
    if shutil.which("dpkg-query") is None:
        return "not installed"
    words = ["dpkg-query", "--show", "--showformat=${Version}", name]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    return ran.stdout if ran.returncode == 0 and ran.stdout else "not installed"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    # GNU stat knows the names of file systems; Python's statvfs does not tell them.
    ran = subprocess.run(
        ["stat", "--file-system", "--format=%T", str(folder)], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()
