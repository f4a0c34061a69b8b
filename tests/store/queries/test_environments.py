from dataclasses import replace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.environment_settings import Color, EnvironmentSettings
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.model.ids import new_application_id, new_environment_id, new_organization_id
from engineroom.store.queries import environments, instances
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import an_environment

NO_FILTERS = dict.fromkeys(environments.FILTERS)


def test_an_environment_comes_back_as_it_was_stored(connection: Connection, shop: Shop) -> None:
    stored = an_environment(
        shop.application.id,
        "staging",
        variables=(EnvironmentVariable(key="B", value="2"), EnvironmentVariable(key="A", value="")),
        branch="next",
        hibernation_timeout_minutes=5,
        settings=EnvironmentSettings(php_version="8.3", color=Color.BLUE, build_command="make"),
        os_user="www-data",
        umask=0o027,
        created_at=NOW,
    )
    environments.add(connection, stored)
    assert environments.find(connection, shop.organization, stored.id) == stored

    changed = replace(stored, directory=None, os_user=None, umask=None, settings=EnvironmentSettings())
    environments.replace(connection, changed)
    assert environments.find(connection, shop.organization, stored.id) == changed


def test_an_environment_of_no_application_is_refused_by_the_database(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        environments.add(connection, an_environment(new_application_id(), "staging"))


def test_another_organization_finds_nothing(connection: Connection, shop: Shop) -> None:
    other = new_organization_id()
    application, environment = shop.application.id, shop.environment
    assert environments.find(connection, other, environment.id) is None
    assert environments.some(connection, other, [environment.id]) == []
    assert environments.of_applications(connection, other, [application]) == []
    assert environments.in_folder(connection, other, "/srv/production") == []
    assert environments.page(connection, other, application, 1, NO_FILTERS).items == []
    assert environments.some_of_any(connection, [environment.id, new_environment_id()]) == [environment]


def test_a_list_is_oldest_first_and_filtered(connection: Connection, shop: Shop) -> None:
    older = an_environment(
        shop.application.id, "older", created_at=NOW - SECOND, status=EnvironmentStatus.STOPPED
    )
    environments.add(connection, older)

    def listed(**filters: str) -> list[str]:
        of = shop.application.id
        page = environments.page(connection, shop.organization, of, 1, {**NO_FILTERS, **filters})
        return [each.slug for each in page.items]

    assert listed() == ["older", "production"]
    assert listed(status="stopped") == ["older"]
    assert listed(name="production", slug="production") == ["production"]
    of = environments.of_applications(connection, shop.organization, [shop.application.id])
    assert [each.slug for each in of] == ["older", "production"]


def test_those_of_a_folder_are_found_by_its_path(connection: Connection, shop: Shop) -> None:
    same = an_environment(shop.application.id, "same", directory="/srv/production", created_at=NOW + SECOND)
    environments.add(connection, same)
    found = environments.in_folder(connection, shop.organization, "/srv/production")
    assert found == [shop.environment, same]
    assert environments.in_folder(connection, shop.organization, "/srv") == []


def test_a_status_is_stored_alone(connection: Connection, shop: Shop) -> None:
    environments.set_status(connection, shop.environment.id, EnvironmentStatus.STOPPED)
    found = environments.find(connection, shop.organization, shop.environment.id)
    assert found == replace(shop.environment, status=EnvironmentStatus.STOPPED)


def test_a_deleted_environment_frees_its_slug_and_stays_until_its_last_instance_is_gone(
    connection: Connection, shop: Shop
) -> None:
    deleted = shop.environment.id
    environments.mark_deleted(connection, deleted, NOW)
    assert environments.find(connection, shop.organization, deleted) is None
    assert "production" not in environments.slugs(connection, shop.application.id)

    environments.purge(connection)
    assert [each.id for each in environments.some_of_any(connection, [deleted])] == [deleted]

    instances.mark_deleted(connection, shop.instance.id, NOW)
    instances.purge(connection)
    environments.purge(connection)
    assert environments.some_of_any(connection, [deleted]) == []
