from dataclasses import replace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engineroom.model.ids import new_organization_id
from engineroom.store.queries import applications, environments, instances
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import an_application

NO_FILTERS = dict.fromkeys(applications.FILTERS)


def test_an_application_comes_back_as_it_was_stored(connection: Connection, shop: Shop) -> None:
    assert applications.find(connection, shop.organization, shop.application.id) == shop.application
    changed = replace(
        shop.application,
        name="Shoes",
        default_environment_id=shop.environment.id,
        repository=None,
        root_directory="web",
        slack_channel="#shoes",
        avatar="digest",
    )
    applications.replace(connection, changed)
    assert applications.find(connection, shop.organization, shop.application.id) == changed


def test_another_organization_finds_nothing(connection: Connection, shop: Shop) -> None:
    other = new_organization_id()
    assert applications.find(connection, other, shop.application.id) is None
    assert applications.some(connection, other, [shop.application.id]) == []
    assert applications.page(connection, other, 1, NO_FILTERS).items == []
    assert applications.slugs(connection, other) == frozenset()


def test_a_list_is_oldest_first_and_filtered(connection: Connection, shop: Shop) -> None:
    older = an_application(shop.organization, "older", created_at=NOW - SECOND, region="eu-central-1")
    applications.add(connection, older)

    def listed(**filters: str) -> list[str]:
        page = applications.page(connection, shop.organization, 1, {**NO_FILTERS, **filters})
        assert page.total == len(page.items)
        return [each.slug for each in page.items]

    assert listed() == ["older", "shop"]
    assert listed(region="eu-central-1") == ["older"]
    assert listed(slug="shop", name="Shop") == ["shop"]
    assert listed(slug="shop", name="Older") == []


def test_a_list_can_be_of_some_applications_alone(connection: Connection, shop: Shop) -> None:
    applications.add(connection, an_application(shop.organization, "other"))

    some = applications.page(connection, shop.organization, 1, NO_FILTERS, [shop.application.id])
    none = applications.page(connection, shop.organization, 1, NO_FILTERS, [])

    assert list(some.items) == [shop.application]
    assert (list(none.items), none.total) == ([], 0)


def test_a_slug_is_taken_once_in_an_organization_until_its_application_is_deleted(
    connection: Connection, shop: Shop
) -> None:
    second = an_application(shop.organization, "shop")
    with pytest.raises(IntegrityError), connection.begin_nested():
        applications.add(connection, second)

    applications.mark_deleted(connection, shop.application.id, NOW)
    assert applications.find(connection, shop.organization, shop.application.id) is None
    assert "shop" not in applications.slugs(connection, shop.organization)
    applications.add(connection, second)
    assert applications.some(connection, shop.organization, [shop.application.id, second.id]) == [second]


def test_a_deleted_application_stays_until_its_last_environment_is_gone(
    connection: Connection, shop: Shop
) -> None:
    def kept() -> bool:
        return bool(applications.slugs(connection, shop.organization))

    applications.mark_deleted(connection, shop.application.id, NOW)
    environments.mark_deleted(connection, shop.environment.id, NOW)
    instances.mark_deleted(connection, shop.instance.id, NOW)
    applications.purge(connection)
    assert kept()

    instances.purge(connection)
    environments.purge(connection)
    applications.purge(connection)
    assert not kept()


def test_what_is_not_deleted_is_never_purged(connection: Connection, shop: Shop) -> None:
    bare = an_application(shop.organization, "bare")
    applications.add(connection, bare)
    applications.purge(connection)
    assert applications.find(connection, shop.organization, bare.id) == bare
