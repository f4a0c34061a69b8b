"""The variables of an environment, and those that its processes have while newer ones wait for a deployment."""

from dataclasses import replace

from sqlalchemy import Connection, Text, select, type_coerce

from engineroom.model.applications.variables import EnvironmentVariable, Variables
from engineroom.store.queries import environment_variables, environments
from engineroom.store.schema import tables
from tests.store.queries.shop import Shop
from tests.store.rows import an_environment


def given(**values: str) -> Variables:
    return tuple(EnvironmentVariable(key=key, value=value) for key, value in values.items())


def of(connection: Connection, shop: Shop) -> tuple[Variables, Variables]:
    """Return the variables of the environment, and those of its processes."""
    id = shop.environment.id
    newest = environment_variables.newest(connection, [id])
    return newest.get(id, ()), environment_variables.of_processes(connection, [id]).get(id, ())


def set_variables(
    connection: Connection, shop: Shop, before: Variables, new: Variables, *, deployed: bool
) -> None:
    environment = replace(shop.environment, variables=before)
    environment_variables.put(connection, environment, new, deployed=deployed)


def test_variables_keep_their_order_and_are_read_for_many_at_once(connection: Connection, shop: Shop) -> None:
    other = an_environment(shop.application.id, "other", variables=given(Z="1", A="2"))
    environments.add(connection, other)
    set_variables(connection, shop, (), given(C="3", B="4"), deployed=True)

    found = environment_variables.newest(connection, [shop.environment.id, other.id])

    assert found == {shop.environment.id: given(C="3", B="4"), other.id: given(Z="1", A="2")}


def test_an_environment_without_variables_is_left_out(connection: Connection, shop: Shop) -> None:
    assert environment_variables.newest(connection, [shop.environment.id]) == {}
    assert environment_variables.newest(connection, []) == {}


def test_deployed_variables_are_those_of_processes_at_once(connection: Connection, shop: Shop) -> None:
    set_variables(connection, shop, (), given(A="1"), deployed=True)
    assert of(connection, shop) == (given(A="1"), given(A="1"))


def test_until_a_deployment_processes_have_those_of_before_the_first_change(
    connection: Connection, shop: Shop
) -> None:
    set_variables(connection, shop, (), given(A="1"), deployed=True)
    set_variables(connection, shop, given(A="1"), given(A="2"), deployed=False)
    set_variables(connection, shop, given(A="2"), given(A="3"), deployed=False)
    assert of(connection, shop) == (given(A="3"), given(A="1"))

    environment_variables.deploy(connection, shop.environment.id)
    assert of(connection, shop) == (given(A="3"), given(A="3"))


def test_that_there_were_none_before_is_remembered_too(connection: Connection, shop: Shop) -> None:
    set_variables(connection, shop, (), given(A="1"), deployed=False)
    set_variables(connection, shop, given(A="1"), given(A="2"), deployed=False)
    assert of(connection, shop) == (given(A="2"), ())


def test_a_later_change_that_is_deployed_deploys_what_waits(connection: Connection, shop: Shop) -> None:
    set_variables(connection, shop, (), given(A="1"), deployed=False)
    set_variables(connection, shop, given(A="1"), given(A="2"), deployed=True)
    assert of(connection, shop) == (given(A="2"), given(A="2"))


def test_the_database_has_no_value_in_plain_text(connection: Connection, shop: Shop) -> None:
    set_variables(connection, shop, (), given(PASSWORD="hunter2"), deployed=True)
    stored = connection.execute(select(type_coerce(tables.environment_variables.c.value, Text))).scalar_one()
    assert stored.startswith("er1:")
    assert "hunter2" not in stored
