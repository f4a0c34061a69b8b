import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from engineroom.control.folders.links import LinkError, link, resize
from engineroom.store import Store
from engineroom.store.queries import applications, environments
from engineroom.store.queries.access import organizations
from tests.support.databases import new_sqlite


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = new_sqlite(tmp_path).open()
    yield opened
    opened.close()


def test_linking_makes_an_application_with_a_running_environment_in_the_folder(
    store: Store, tmp_path: Path
) -> None:
    linked = asyncio.run(link(store, tmp_path / ".." / tmp_path.name, "Shop", {"A": "ä=b"}))

    def read(connection: Connection) -> None:
        organization = organizations.default(connection).id
        application = applications.find(connection, organization, linked.application)
        environment = environments.find(connection, organization, linked.environment)
        assert application is not None
        assert environment is not None
        assert (application.region, application.default_environment_id) == ("us-east-2", linked.environment)
        assert (environment.name, environment.status) == ("production", "running")
        assert environment.directory == str(tmp_path.resolve())
        assert [(variable.key, variable.value) for variable in environment.variables] == [("A", "ä=b")]

    asyncio.run(store.read(read))


def test_the_same_name_gets_another_slug(store: Store, tmp_path: Path) -> None:
    """Contract sheet, section 5."""
    for _ in range(3):
        asyncio.run(link(store, tmp_path, "My Shop", {}))

    slugs = asyncio.run(
        store.read(lambda connection: applications.slugs(connection, organizations.default(connection).id))
    )
    assert slugs == {"my-shop", "my-shop-2", "my-shop-3"}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (("nowhere", "Shop", {}), "there is no such folder"),
        (("engineroom.db", "Shop", {}), "it is not a folder"),
        ((".", "ab", {}), "3 to 40 characters"),
        ((".", "a" * 41, {}), "3 to 40 characters"),
        ((".", "a\nbc", {}), "3 to 40 characters"),
        ((".", "Shop", {"1A": "x"}), "variable's name"),
        ((".", "Shop", {"A": "x\0"}), "NUL"),
    ],
)
def test_what_cannot_be_linked_is_said_with_what_to_do(
    store: Store, tmp_path: Path, wrong: tuple[str, str, dict[str, str]], reason: str
) -> None:
    directory, name, variables = wrong
    with pytest.raises(LinkError, match=reason):
        asyncio.run(link(store, tmp_path / directory, name, variables))


def test_what_is_linked_in_place_has_what_the_host_has_until_it_is_given_a_size(
    store: Store, tmp_path: Path
) -> None:
    linked = asyncio.run(link(store, tmp_path, "Shop", {}))
    assert asyncio.run(resize(store, linked.instance, None)) == "host"
    assert asyncio.run(resize(store, linked.instance, "flex.g-2vcpu-1gb")) == "flex.g-2vcpu-1gb"
    assert asyncio.run(resize(store, linked.instance, None)) == "flex.g-2vcpu-1gb"
    with pytest.raises(LinkError, match="give --size host"):
        asyncio.run(resize(store, linked.instance, "huge"))
