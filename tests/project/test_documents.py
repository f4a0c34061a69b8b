"""What the documents say is so: commands, targets, files and endpoints that they name exist."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from engineroom.api.endpoints import ENDPOINTS
from tests.project.repository import PACKAGE, ROOT, files, text

DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in files() if path.suffix == ".md")
SPAN = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?<![\w/.-])(?:\S*/bin/)?engineroom ((?:[a-z]+ ?)+)((?:[^`|&;)#]*))")
OPTION = re.compile(r"--[a-z][a-z-]*")


def code(document: str) -> list[str]:
    """Return the code spans and the lines of the code blocks, continued lines joined."""
    content = text(document)
    fenced = re.findall(r"^```\w*\n(.*?)^```", content, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^(?: {4}.*\n)+", content, re.MULTILINE)
    blocks = re.sub(r"\s#.*", "", "\n".join([*fenced, *indented]).replace("\\\n", " "))
    return [*SPAN.findall(content), *(line.strip() for line in blocks.splitlines())]


@cache
def help_of(*command: str) -> str:
    """Return what `engineroom COMMAND… --help` prints."""
    return subprocess.run(
        [Path(sys.executable).with_name("engineroom"), *command, "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    ).stdout


def is_command(group: tuple[str, ...], word: str) -> bool:
    return re.search(rf"^\W*{word}\b", help_of(*group), re.MULTILINE) is not None


def command_of(words: list[str]) -> tuple[str, ...]:
    """Return the words that are a command and its sub-command; the rest are its arguments."""
    assert is_command((), words[0]), f"there is no command engineroom {words[0]}"
    if (
        words[1:]
        and "COMMAND" in help_of(words[0]).upper().splitlines()[0]
        and is_command((words[0],), words[1])
    ):
        return words[0], words[1]
    return (words[0],)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_names_is_a_real_one(document: str) -> None:
    for line in code(document):
        for words, rest in COMMAND.findall(line):
            command = command_of(words.split())
            for option in OPTION.findall(rest):
                assert option in help_of(*command), f"engineroom {' '.join(command)} has no {option}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", text("Makefile"), re.MULTILINE))

    named = {match[1] for line in code(document) if (match := re.match(r"make ([a-z0-9]+)", line))}

    assert named <= targets


def test_the_help_of_make_lists_every_target() -> None:
    targets = re.findall(r"^([a-z0-9]+):(.*)$", text("Makefile"), re.MULTILINE)

    assert [name for name, rest in targets if "## " not in rest] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(document))

    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_file_that_the_map_names_exists(document: str) -> None:
    names = {
        span
        for span in SPAN.findall(text(document))
        if re.fullmatch(r"[\w./-]*(?:/|\.(?:py|md|toml|txt))", span)
    }
    known = {path.relative_to(ROOT).as_posix() for path in files()}

    def exists(name: str) -> bool:
        if name.endswith("/"):
            return name in {".git/", ".venv/"} or any(f"/{name}" in f"/{path}" for path in known)
        return any(path == name or path.endswith(f"/{name}") for path in known)

    assert [name for name in sorted(names) if not exists(name)] == []


def test_every_room_is_on_the_map() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}

    assert {
        room for room in rooms if f"**`src/engineroom/{room}/`**" not in text("docs/architecture.md")
    } == set()


def test_the_main_job_stands_in_the_readme_as_one_block() -> None:
    blocks = re.findall(r"<!-- main-job -->\n```sh\n(.*?)```", text("README.md"), re.DOTALL)

    assert len(blocks) == 1
    assert "$TOKEN" in blocks[0]
    assert "$INSTANCE" in blocks[0]


def test_the_api_document_names_the_endpoints_that_there_are() -> None:
    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)`", text("docs/api.md")))

    assert named == {f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS}
