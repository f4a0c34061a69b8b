from collections.abc import Iterator

import pytest

from engineroom.queues import url
from engineroom.queues.base import UnmeasurableError
from engineroom.queues.laravel.values import of_json
from tests.support.php import Php

URLS = [
    "redis://cache",
    "redis://cache/",
    "redis://cache:6380/2",
    "redis://cache:6380/abc",
    "redis://:secret@cache",
    "redis://user:secret@cache:1/3",
    "redis://user@cache",
    "redis://:p%40ss%20word@cache",
    "redis://:p[w@127.0.0.1:6379",
    "redis://:p@q@cache",
    "redis://:12345@cache",
    "redis://:007@cache",
    "redis://:1e3@cache",
    "redis://true:null@cache",
    "redis://u:true@cache",
    "rediss://cache:6380?database=4",
    "redis://cache?database=4&prefix=a_&context[verify_peer]=0&context[stream][cafile]=/x",
    "redis://cache?a.b=1&c+d=e%20f&flag",
    "tls://cache",
    "tcp://cache:65535",
    "redis://cache:65536",
    "redis://cache:99999",
    "redis://cache:123456",
    "redis://cache:port",
    "redis://cache:12ab",
    "redis://cache:",
    "redis://",
    "redis:///2",
    "mysql2://u:p@db:3306/shop?charset=utf8",
    "postgres://u:p@db/shop#fragment",
    "sqlite:///database.sqlite",
    "sqlite:////var/db.sqlite",
    "sqlite3:///x",
    "mysql://u:p@db/with%2Fslash",
    "redis://10.0.0.1:6379/0",
]

pytestmark = pytest.mark.needs("php", "laravel")


@pytest.fixture(scope="module")
def framework() -> Iterator[Php]:
    with Php("names.php") as php:
        yield php


@pytest.mark.parametrize("text", URLS)
def test_an_address_is_taken_apart_as_the_framework_does(framework: Php, text: str) -> None:
    theirs = framework.ask(text=text)["url"]

    if theirs is None:
        with pytest.raises(UnmeasurableError):
            url.parsed({"url": text})
    else:
        assert url.parsed({"url": text}) == of_json(theirs)


def test_what_is_wrong_is_told_without_the_password() -> None:
    with pytest.raises(UnmeasurableError) as raised:
        url.parsed({"url": "redis://:secret@cache:99999"})
    assert "99999" in str(raised.value)
    assert "secret" not in str(raised.value)
