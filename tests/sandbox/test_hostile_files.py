"""Where queues are is found in files of tenants, who put whatever they like there."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from engineroom.queues.finding import FIND, Found, Sought
from engineroom.sandbox import Sandbox, SandboxError, Tenant
from tests.sandbox.asking import in_sandbox, of
from tests.support.tenants import give, write

pytestmark = pytest.mark.needs("root")

LOCK = '{"packages": [{"name": "laravel/framework", "version": "v12.1.0"}]}'


async def found(sandbox: Sandbox, tenant: Tenant) -> Found:
    sought = Sought(folder=tenant.folder, variables={}, connection="redis", queues=None)
    _, answer = await sandbox.ask(FIND, sought, tenant)
    return answer


def reason(tenant: Tenant) -> str:
    async def ask(sandbox: Sandbox) -> str:
        try:
            answer = await found(sandbox, tenant)
        except SandboxError as error:
            return str(error)
        assert answer.connection is None, "it was found"
        return answer.why

    return in_sandbox(ask)


def an_application(home: Path, dotenv: str = "") -> Path:
    write(home / "composer.lock", LOCK, "www-data")
    write(home / ".env", dotenv, "www-data")
    return home


def test_it_is_found_as_the_owner_of_the_folder(home: Path) -> None:
    an_application(home, "REDIS_HOST=cache\n")
    place = in_sandbox(lambda sandbox: found(sandbox, of(home))).location()
    assert place.connection.host == "cache"  # type: ignore[union-attr]


def test_what_another_users_file_says_is_not_found(home: Path, neighbour: Path) -> None:
    an_application(home)
    secret = write(neighbour / ".env", "REDIS_PASSWORD=secret\nREDIS_HOST=cache\n", "games")
    (home / ".env").unlink()
    (home / ".env").symlink_to(secret)

    assert "Permission denied" in reason(of(home))


@pytest.mark.parametrize("kind", ["fifo", "device", "endless", "socket", "folder", "huge"])
def test_what_is_no_file_of_reasonable_length_is_named_and_never_waited_for(home: Path, kind: str) -> None:
    path = an_application(home) / ".env"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "device":
                path.symlink_to("/dev/tty")
            case "endless":
                path.symlink_to("/dev/zero")
            case "socket":
                listening.bind(str(path))
            case "folder":
                path.mkdir()
            case "huge":
                path.touch()
                os.truncate(path, 1 << 40)
        if not path.is_symlink():
            give(path, "www-data")

        assert f"cannot read {path}" in reason(of(home))


@pytest.mark.parametrize(
    "name", ["composer.lock", "vendor/laravel/framework/src/Illuminate/Foundation/Application.php"]
)
def test_nor_is_any_other_file_waited_for(home: Path, name: str) -> None:
    an_application(home)
    (home / "composer.lock").unlink()
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(home / name)
    (home / name).chmod(0o666)

    in_sandbox(
        lambda sandbox: found(sandbox, of(home))
    )  # another version is installed on this host, or none is


@pytest.mark.parametrize(
    "content",
    [
        "A=" + "\u00a0" * 900_000,
        "${" * 400_000,
        'A="' + "\\" * 900_000,
        "A='" + "\n" * 900_000 + "x",
        "\u2028=" * 200_000,
    ],
    ids=["blanks", "nested", "backslashes", "lines", "separators"],
)
def test_a_file_that_is_hard_to_understand_costs_its_owner_alone_and_not_for_long(
    home: Path, content: str
) -> None:
    an_application(home, content)

    async def others_are_answered(sandbox: Sandbox) -> None:
        waiting = asyncio.create_task(found(sandbox, of(home)))
        root = Tenant(folder="/", os_user="games")
        for _ in range(3):
            assert (await found(sandbox, root)) is not None
        await asyncio.wait([waiting])
        if (error := waiting.exception()) is not None:
            assert isinstance(error, SandboxError)

    in_sandbox(others_are_answered)


def test_a_composer_lock_that_swells_takes_no_more_memory_than_it_may(home: Path) -> None:
    an_application(home)
    write(home / "composer.lock", "[" + "{}," * 5_000_000 + "{}]", "www-data")
    in_sandbox(lambda sandbox: _answered(sandbox, home))


async def _answered(sandbox: Sandbox, home: Path) -> str:
    try:
        return (await found(sandbox, of(home))).why
    except SandboxError as error:
        return str(error)
