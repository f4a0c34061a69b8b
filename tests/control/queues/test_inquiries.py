"""Applications are asked where their queues are, as their user, and once until their files change."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engineroom.control.queues.inquiries import AskedApplication, Inquiries
from engineroom.queues.finding import Told
from engineroom.queues.laravel import asking
from engineroom.queues.laravel.settings import LaravelSettings
from engineroom.sandbox import Account, Sandbox, Tenant
from tests.runtime.asynchronous import asynchronous
from tests.support.skeletons import skeleton

pytestmark = pytest.mark.needs("php", "laravel")

VERSION = "12.30.0"
OWNER, ANOTHER = Account(1, 1), Account(2, 2)


@asynccontextmanager
async def inquiries() -> AsyncIterator[Inquiries]:
    sandbox = Sandbox()
    made = Inquiries(sandbox)
    try:
        yield made
    finally:
        await made.close()
        await sandbox.close()


def an_application(folder: Path, provider: str = "", **variables: str) -> AskedApplication:
    """Make an application in which this runs while it boots."""
    made = skeleton(folder / "app", VERSION)
    if provider:
        kernel = made / "bootstrap" / "app.php"
        kernel.write_text(
            kernel.read_text().replace(
                "return $app;", f"$app->booted(function () {{ {provider} }});\nreturn $app;"
            )
        )
    given = {"PATH": os.environ["PATH"], **variables}
    return AskedApplication(tenant=Tenant(folder=str(made)), variables=tuple(given.items()))


def said(told: Told, application: AskedApplication) -> LaravelSettings:
    return asking.settings(told.answer, Path(application.tenant.folder))


def refused(told: Told, application: AskedApplication) -> str:
    with pytest.raises(asking.NotAskedError) as raised:
        said(told, application)
    return str(raised.value)


@asynchronous
async def test_an_application_says_what_it_makes_of_itself_while_it_boots(tmp_path: Path) -> None:
    application = an_application(
        tmp_path,
        "echo str_repeat('noise', 1000);"
        "config(['queue.default' => 'redis', 'database.redis.options.prefix' => 'changed_']);",
    )
    async with inquiries() as asked:
        told = await asked.ask(application, "print", OWNER)

    settings = said(told, application)
    assert settings.default_connection() == "redis"
    assert settings.database["redis"]["options"]["prefix"] == "changed_"  # type: ignore[index]


@asynchronous
async def test_it_is_asked_once_for_all_who_want_to_know_until_its_files_change(tmp_path: Path) -> None:
    booted = tmp_path / "booted"
    booted.touch()
    booted.chmod(0o666)
    application = an_application(tmp_path, f"file_put_contents('{booted}', 'x', FILE_APPEND);")
    async with inquiries() as asked:
        await asyncio.gather(*(asked.ask(application, "one", OWNER) for _ in range(5)))
        first = asked.told(application)
        await asked.ask(application, "one", OWNER)
        assert booted.read_text() == "x"
        await asked.ask(application, "two", OWNER)
        assert booted.read_text() == "xx"
        await asked.ask(replace(application, environment="testing"), "two", OWNER)
        assert booted.read_text() == "xxx"
    assert first is not None
    assert first.fingerprint == "one"


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("throw new RuntimeException('no vault');", "RuntimeException: no vault"),
        ("exit(3);", "ends while it boots"),
        ("posix_kill(getmypid(), SIGKILL);", ""),
        ("$all = []; while (true) { $all[] = str_repeat('x', 1 << 20); }", "memory"),
        ("undefined_function();", "undefined_function"),
        ("while (true) { echo str_repeat('x', 65536); }", "printed more than"),
    ],
)
@asynchronous
async def test_what_does_not_boot_is_told_with_the_reason(tmp_path: Path, provider: str, words: str) -> None:
    application = an_application(tmp_path, provider)
    async with inquiries() as asked:
        assert words in refused(await asked.ask(application, "print", OWNER), application)


@asynchronous
async def test_a_host_without_php_is_told(tmp_path: Path) -> None:
    application = replace(an_application(tmp_path), php="php-of-another-age")
    async with inquiries() as asked:
        reason = refused(await asked.ask(application, "print", OWNER), application)
    assert "php-of-another-age cannot be executed" in reason


@asynchronous
async def test_what_failed_is_not_asked_again_at_once(tmp_path: Path) -> None:
    application = an_application(tmp_path, "exit(1);")
    async with inquiries() as asked:
        told = await asked.ask(application, "print", OWNER)
        asked.failed(application, "it exits")
        assert await asked.ask(application, "print", OWNER) is told


@asynchronous
async def test_applications_that_hang_keep_none_of_another_users_from_being_asked(tmp_path: Path) -> None:
    hanging = an_application(tmp_path, "sleep(600);")
    good = an_application(tmp_path / "good")
    async with inquiries() as asked:
        hung = [
            asyncio.create_task(asked.ask(replace(hanging, environment=f"{number}"), "print", OWNER))
            for number in range(8)
        ]
        await asyncio.sleep(0)
        told = await asked.ask(good, "print", ANOTHER)
        assert not any(task.done() for task in hung), "they were not waited for"
    assert said(told, good).default_connection()
    await asyncio.gather(*hung, return_exceptions=True)
