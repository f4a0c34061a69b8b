"""Queries of the variables of environments, and of those that processes have while newer ones wait for a deployment."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, insert, select

from engineroom.model.applications.environment import Environment
from engineroom.model.applications.variables import EnvironmentVariable, Variables
from engineroom.model.ids import EnvironmentId
from engineroom.store.schema.tables import deployed_variables, environment_variables

ByEnvironment = Mapping[EnvironmentId, Variables]

_NOTHING = EnvironmentVariable(key="", value="")
"""Stands in `deployed_variables` for having none, which is something else than having no rows there."""


def _statement(table: Table) -> Select[*tuple[Any, ...]]:
    return (
        select(table)
        .where(table.c.environment_id.in_(bindparam("ids", expanding=True)))
        .order_by(table.c.environment_id, table.c.position)
    )


_VARIABLES = {table: _statement(table) for table in (environment_variables, deployed_variables)}


def put(connection: Connection, environment: Environment, new: Variables, *, deployed: bool) -> None:
    """Store new variables; unless they are `deployed`, processes keep those of before until `deploy`."""
    if deployed:
        deploy(connection, environment.id)
    elif environment.id not in _select(connection, deployed_variables, [environment.id]):
        _add(connection, deployed_variables, environment.id, environment.variables or (_NOTHING,))
    of = environment_variables.c.environment_id == environment.id
    connection.execute(delete(environment_variables).where(of))
    _add(connection, environment_variables, environment.id, new)


def deploy(connection: Connection, environment_id: EnvironmentId) -> None:
    """Let processes have the newest variables."""
    of = deployed_variables.c.environment_id == environment_id
    connection.execute(delete(deployed_variables).where(of))


def newest(connection: Connection, ids: Sequence[EnvironmentId]) -> ByEnvironment:
    """Return the variables of these environments, in their order; an environment without any is left out."""
    return _select(connection, environment_variables, ids)


def of_processes(connection: Connection, ids: Sequence[EnvironmentId]) -> ByEnvironment:
    """Return the variables that processes have: those that wait for a deployment are not among them yet."""
    waiting = _select(connection, deployed_variables, ids)
    without = {
        environment_id: tuple(variable for variable in of if variable != _NOTHING)
        for environment_id, of in waiting.items()
    }
    return {**newest(connection, ids), **without}


def _select(connection: Connection, table: Table, ids: Sequence[EnvironmentId]) -> ByEnvironment:
    found: defaultdict[EnvironmentId, list[EnvironmentVariable]] = defaultdict(list)
    for row in connection.execute(_VARIABLES[table], {"ids": ids}):
        found[row.environment_id].append(EnvironmentVariable(key=row.key, value=row.value))
    return {environment_id: tuple(values) for environment_id, values in found.items()}


def _add(connection: Connection, table: Table, environment_id: EnvironmentId, new: Variables) -> None:
    rows = [
        {"environment_id": environment_id, "position": position, "key": variable.key, "value": variable.value}
        for position, variable in enumerate(new)
    ]
    if rows:
        connection.execute(insert(table), rows)
