import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engineroom.store.queries.access import organizations
from tests.store.queries.shop import NOW, SECOND
from tests.store.rows import an_organization


def test_a_database_comes_with_an_organization(connection: Connection) -> None:
    came = organizations.default(connection)
    assert organizations.everyone(connection) == [came]
    assert organizations.find(connection, "default") == came


def test_organizations_are_found_by_id_and_slug_oldest_first(connection: Connection) -> None:
    came = organizations.default(connection)
    first, second = an_organization("first"), an_organization("second")
    organizations.add(connection, second, NOW.replace(year=2100) + SECOND)
    organizations.add(connection, first, NOW.replace(year=2100))
    assert organizations.everyone(connection) == [came, first, second]
    assert organizations.default(connection) == came
    assert organizations.get(connection, second.id) == second
    assert organizations.find(connection, "first") == first
    assert organizations.find(connection, "third") is None


def test_a_slug_is_of_one_organization(connection: Connection) -> None:
    organizations.add(connection, an_organization("first"), NOW)
    with pytest.raises(IntegrityError):
        organizations.add(connection, an_organization("first"), NOW)
