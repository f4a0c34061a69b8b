"""What holds for the repository as a whole: pins, the wheel, the size of files, and nothing that belongs elsewhere."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.repository import PACKAGE, ROOT, files, text, texts

MAXIMUM_LINES = 400
PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*")
REGISTRIES = ("pythonhosted", "pypi", "npmjs", "nodesource", "packagist", "pkg.dev", "jfrog")
OLDEST_PYTHON = {"python_version": "3.11", "python_full_version": "3.11.0"}
NEWEST_PYTHON = {"python_version": "3.14", "python_full_version": "3.14.0"}


def pins() -> list[str]:
    lines = text("constraints.txt").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def requirements() -> Iterator[Requirement]:
    project = tomllib.loads(text("pyproject.toml"))
    groups = project["project"]["optional-dependencies"].values()
    needed = [project["build-system"]["requires"], project["project"]["dependencies"], *groups]
    for line in chain.from_iterable(needed):
        yield Requirement(line)


def reached(requirement: Requirement, seen: set[str]) -> None:
    """Add to `seen` the names of all that installing the requirement may install, on any Python that we support."""
    name = canonicalize_name(requirement.name)
    if name in seen:
        return
    seen.add(name)
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return  # needed on another Python only
    for line in lines:
        needed = Requirement(line)
        for python in (OLDEST_PYTHON, NEWEST_PYTHON):
            for extra in requirement.extras or {""}:
                if needed.marker is None or needed.marker.evaluate({**python, "extra": extra}):
                    reached(needed, seen)


def installed(name: str) -> bool:
    return any(metadata.distributions(name=name))


def test_every_constraint_is_an_exact_version_and_no_address() -> None:
    assert [pin for pin in pins() if not PIN.fullmatch(pin)] == []


def test_every_npm_package_has_an_exact_version_and_no_address() -> None:
    wanted = json.loads(text("examples/bullmq/package.json"))["dependencies"]
    locked = json.loads(text("examples/bullmq/package-lock.json"))["packages"]

    assert {
        name: version
        for name, version in wanted.items()
        if locked[f"node_modules/{name}"]["version"] != version
    } == {}
    assert [name for name, package in locked.items() if "resolved" in package] == []


def test_everything_that_is_installed_has_its_pin() -> None:
    seen: set[str] = set()
    for requirement in requirements():
        reached(requirement, seen)

    pinned = {canonicalize_name(pin.split("==")[0]) for pin in pins()}

    assert seen - pinned == set()
    assert {name for name in pinned - seen if installed(name)} == set(), "pinned, but no longer needed"


def test_no_file_names_the_host_of_a_package_registry() -> None:
    host = re.compile(
        rf"[\w.-]*\b({'|'.join(REGISTRIES)})[\w-]*\.(?:org|com|dev|io|net)\b|https?://[\w.]*pkg\.dev"
    )

    found = [f"{name}: {match[0]}" for name, content in texts() for match in host.finditer(content)]

    assert found == []


def test_no_file_keeps_both_sides_of_a_merge() -> None:
    markers = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)

    assert [name for name, content in texts() if markers.search(content)] == []


def test_every_source_file_is_short_enough_to_be_read_at_once() -> None:
    sources = [path for path in files() if path.suffix in {".py", ".sh", ".php", ".ts", ".tsx"}]
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in sources}

    assert {name: count for name, count in lines.items() if count > MAXIMUM_LINES} == {}


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("engineroom/")}

    assert packed == {f"engineroom/{path.relative_to(PACKAGE).as_posix()}" for path in files(PACKAGE)}


def test_the_change_log_has_the_present_version() -> None:
    version = re.search(r'__version__ = "(.+)"', text("src/engineroom/__init__.py"))
    assert version is not None

    assert re.search(rf"^## \[{re.escape(version[1])}\]", text("CHANGELOG.md"), re.MULTILINE)


def test_every_shell_script_of_ours_may_be_executed_or_is_sourced_by_one_that_is() -> None:
    scripts = [*(ROOT / "scripts").glob("*.sh"), ROOT / ".ci" / "run"]
    executable = [script for script in scripts if script.stat().st_mode & 0o100]
    sourced = {
        word for script in executable for word in re.findall(r"^\. (\S+)$", script.read_text(), re.MULTILINE)
    }

    others = {script.relative_to(ROOT).as_posix() for script in scripts if script not in executable}

    assert others == sourced
