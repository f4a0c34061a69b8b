"""The commit of a folder is looked up in a repository of which every file is its owner's."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.control.folders.git import checkout_in, commit_in
from engineroom.model.applications.deployment import Commit
from engineroom.model.applications.repository import Checkout
from engineroom.sandbox import Sandbox
from tests.support.tenants import give, home_of

pytestmark = pytest.mark.needs("root")


@pytest.fixture
def repository() -> Iterator[Path]:
    """A repository of `www-data`, with one commit."""
    with home_of("www-data") as home:
        for words in (
            ["init", "-q"],
            [
                "-c",
                "user.name=Ann",
                "-c",
                "user.email=ann@example.com",
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                "Begin",
            ],
        ):
            subprocess.run(
                ["git", "-C", home, *words], user="www-data", group="www-data", check=True, env=_clean()
            )
        yield home


def _clean() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def commit(folder: Path, os_user: str | None = None) -> Commit:
    async def found() -> Commit:
        sandbox = Sandbox()
        try:
            return await commit_in(sandbox, str(folder), os_user)
        finally:
            await sandbox.close()

    return asyncio.run(found())


def checkout(folder: Path, os_user: str | None = None) -> Checkout:
    async def found() -> Checkout:
        sandbox = Sandbox()
        try:
            return await checkout_in(sandbox, str(folder), os_user)
        finally:
            await sandbox.close()

    return asyncio.run(found())


def git(repository: Path, *words: str) -> None:
    command = ["git", "-C", str(repository), *words]
    subprocess.run(command, user="www-data", group="www-data", check=True, env=_clean())


def configure(repository: Path, *settings: str) -> None:
    with (repository / ".git" / "config").open("a") as file:
        file.write("\n".join(settings) + "\n")


def test_the_commit_is_found_as_the_owner_of_the_folder(repository: Path) -> None:
    found = commit(repository)
    assert (found.message, found.author) == ("Begin", "Ann")
    assert len(found.hash or "") == 40


def test_the_commit_is_found_by_another_user_who_runs_the_code(repository: Path) -> None:
    repository.chmod(0o755)
    assert commit(repository, "games").message == "Begin"


def test_repository_and_branch_are_found_as_the_owner_of_the_folder(repository: Path) -> None:
    git(repository, "switch", "-q", "-c", "release/ü")
    git(repository, "remote", "add", "origin", "https://ann:secret@github.com/acme/shop.git")
    assert checkout(repository) == Checkout(repository="acme/shop", branch="release/ü")
    repository.chmod(0o755)
    assert checkout(repository, "games") == Checkout(repository="acme/shop", branch="release/ü")


def test_of_a_repository_without_remote_and_branch_neither_is_known(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert checkout(repository) == Checkout()


def test_what_a_commit_says_can_be_stored_and_shown_whatever_its_encoding_is(repository: Path) -> None:
    tree = git_said(repository, b"", "mktree")
    said = "Ann\0\x1b[2J\u202e"
    raw = f"tree {tree}\nauthor {said} <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n{said}\n"
    # In another encoding than ASCII's, a NUL does not end a text for git.
    utf7 = raw.replace("\n\n", "\nencoding UTF-7\n\n").replace("\0", "+AAA-").encode("utf-8")
    made = git_said(repository, utf7, "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
    git(repository, "update-ref", "HEAD", made)
    for encoding in ("UTF-8", "UTF-16", "no-such"):
        git(repository, "config", "i18n.logOutputEncoding", encoding)
        found = commit(repository)
        assert found.hash == made
        assert f"{found.message}{found.author}".isprintable()


def git_said(repository: Path, given: bytes, *words: str) -> str:
    command = ["git", "-C", str(repository), *words]
    ran = subprocess.run(
        command, user="www-data", group="www-data", check=True, env=_clean(), input=given, capture_output=True
    )
    return ran.stdout.decode().strip()


def test_the_names_that_a_repository_maps_are_not_read(repository: Path) -> None:
    os.mkfifo(repository / "names")
    git(repository, "config", "mailmap.file", str(repository / "names"))
    assert commit(repository).author == "Ann"


@pytest.mark.parametrize(
    "settings",
    [
        ("[log]", "showSignature = true", "[gpg]", "program = {program}"),
        ("[log]", "showSignature = true", "[gpg]", "format = ssh", '[gpg "ssh"]', "program = {program}"),
        ("[core]", "fsmonitor = {program}"),
        ("[core]", "pager = {program}", "[pager]", "log = {program}"),
        ("[alias]", "log = !{program}"),
        ("[include]", "path = {program}"),
        ("[diff]", "external = {program}", "[log]", "diffMerges = on"),
        ("[core]", "hooksPath = {program}", "sshCommand = {program}", "editor = {program}"),
        (
            "[extensions]",
            "partialClone = origin",
            '[remote "origin"]',
            "url = ext::{program}",
            "promisor = true",
        ),
    ],
    ids=["gpg", "ssh", "fsmonitor", "pager", "alias", "include", "diff", "hooks", "promisor"],
)
def test_no_program_that_a_repository_names_is_run(repository: Path, settings: tuple[str, ...]) -> None:
    program, ran = repository / "program", repository / "ran"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    give(program, "www-data")
    if "partialClone" in str(settings):
        for item in (repository / ".git" / "objects").glob("??/*"):
            item.unlink()
    else:
        _sign(repository)
    configure(repository, *(line.format(program=program) for line in settings))

    commit(repository)
    checkout(repository)

    assert not ran.exists()


def _sign(repository: Path) -> None:
    """Make the commit one whose signature would be looked at."""
    git = ["git", "-C", str(repository), "-c", "safe.directory=*"]
    raw = subprocess.run(
        [*git, "cat-file", "commit", "HEAD"], capture_output=True, check=True, env=_clean()
    ).stdout
    signed = raw.replace(
        b"\n\n", b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    made = subprocess.run(
        [*git, "hash-object", "-t", "commit", "-w", "--stdin"],
        input=signed,
        capture_output=True,
        check=True,
        env=_clean(),
    )
    for item in [repository, *repository.rglob("*")]:
        give(item, "www-data")
    head = subprocess.run(
        [*git, "symbolic-ref", "HEAD"], capture_output=True, check=True, text=True, env=_clean()
    ).stdout
    (repository / ".git" / head.strip()).write_bytes(made.stdout)


@pytest.mark.parametrize("kind", ["fifo", "endless", "huge"])
def test_a_repository_that_never_ends_is_given_up(repository: Path, kind: str) -> None:
    head = repository / ".git" / "HEAD"
    head.unlink()
    match kind:
        case "fifo":
            os.mkfifo(head, 0o666)
            head.chmod(0o666)
        case "endless":
            head.symlink_to("/dev/zero")
        case _:
            head.touch()
            os.truncate(head, 1 << 40)

    assert commit(repository) == Commit()
    assert checkout(repository).branch is None


def test_what_is_no_folder_of_its_users_has_no_commit(repository: Path) -> None:
    assert commit(repository, "games") == Commit()  # he may not look into it
    assert commit(repository / "nowhere") == Commit()
