"""What the benchmarks need beyond Python: a few C programs and PM2, made in the build folder, and Debian packages."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent
BUILD = SOURCE.parent / "build" / "benchmarks"


class MissingError(Exception):
    """Something that a contender needs is not there; the message says what, and how to get it."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs written in C."""

    child: Path
    talker: Path
    flooder: Path
    recycler: Path
    spawn_loop: Path


def programs() -> Programs:
    """Compile the programs, and return where they are. Raises MissingError without a C compiler."""
    if shutil.which("gcc") is None:
        raise MissingError("gcc was not found; install it with: apt-get install gcc libc6-dev")
    BUILD.mkdir(parents=True, exist_ok=True)
    return Programs(
        child=_compiled("child"),
        talker=_compiled("talker"),
        flooder=_compiled("flooder"),
        recycler=_compiled("recycler"),
        spawn_loop=_compiled("spawn_loop"),
    )


def command(name: str, *, package: str) -> str:
    """Return the path of a command of a Debian package. Raises MissingError when it is not there."""
    path = shutil.which(name)
    if path is None:
        raise MissingError(f"{name} was not found; install it with: apt-get install {package}")
    return path


def pm2() -> Path:
    """Install the pinned PM2 unless it is there, and return its command. Raises MissingError when that cannot be."""
    for program, package in (("node", "nodejs"), ("npm", "npm")):
        command(program, package=package)
    folder = BUILD / "pm2"
    folder.mkdir(parents=True, exist_ok=True)
    installed_command = folder / "node_modules" / "pm2" / "bin" / "pm2"
    wanted = (SOURCE / "package.json").read_text()
    installed = folder / "package.json"
    if installed_command.exists() and installed.exists() and installed.read_text() == wanted:
        return installed_command
    installed.write_text(wanted)
    words = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    _run([*words, "--loglevel=error"], folder)
    return installed_command


def _compiled(name: str) -> Path:
    output = BUILD / name
    source = SOURCE / "child" / f"{name}.c"
    _run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-static", "-O2", str(source), "-o", str(output)], BUILD)
    return output


def _run(words: list[str], folder: Path) -> None:
    ran = subprocess.run(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if ran.returncode != 0:
        raise MissingError(f"`{' '.join(words[:2])} …` failed in {folder}: {ran.stdout.strip()}")
