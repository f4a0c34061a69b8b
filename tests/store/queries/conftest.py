from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url

from engineroom.store.databases.postgresql import postgresql_engine
from engineroom.store.databases.sqlite import sqlite_engine
from engineroom.store.databases.transactions import writing
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.queries import applications, environments, instances
from engineroom.store.queries.access import organizations
from tests.store.queries.shop import NOW, Shop
from tests.store.rows import an_application, an_environment, an_instance, an_organization
from tests.support.databases import Database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection that may write, to an empty database of each kind; nothing of the test stays there."""
    url = make_url(database.url)
    engine = sqlite_engine(Path(url.database or "")) if url.drivername == "sqlite" else postgresql_engine(url)
    engine.dialect.engineroom_keyring = Keyring(database.keys)  # type: ignore[attr-defined]
    with writing(engine) as opened:
        yield opened
        opened.rollback()
    engine.dispose()


@pytest.fixture
def shop(connection: Connection) -> Shop:
    """An organization with an application in one environment, on one instance."""
    organization = an_organization("acme")
    application = an_application(organization.id, "shop", created_at=NOW)
    environment = an_environment(application.id, "production", created_at=NOW)
    instance = an_instance(environment.id, "app", created_at=NOW)
    organizations.add(connection, organization, NOW)
    applications.add(connection, application)
    environments.add(connection, environment)
    instances.add(connection, instance)
    return Shop(organization.id, application, environment, instance)
