"""The endpoints of commands."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.commands import handlers
from engineroom.api.commands.resource import TYPE as COMMAND
from engineroom.api.document.shapes import Many, One
from engineroom.api.environments.requests import RunCommand
from engineroom.model.token import Ability
from engineroom.store.queries import commands as commands_store

_ENVIRONMENT = "/api/environments/{environment}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_ENVIRONMENT}/commands",
        Many(COMMAND),
        handlers.index,
        "7",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
        filters=commands_store.FILTERS,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/commands",
        One(COMMAND, 201),
        handlers.create,
        "7",
        ability=Ability.WRITE,
        request=RunCommand,
    ),
    Endpoint(
        "GET",
        "/api/commands/{command}",
        One(COMMAND),
        handlers.show,
        "7",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
    ),
)
