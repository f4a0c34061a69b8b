"""The endpoints of commands."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.commands import handlers
from engineroom.api.commands.relations import RELATIONS
from engineroom.api.commands.requests import RunCommand
from engineroom.api.commands.resource import TYPE as COMMAND
from engineroom.api.document.shapes import Many, One
from engineroom.model.token import Ability
from engineroom.store.queries import commands as commands_store

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/environments/{environment}/commands",
        Many(COMMAND),
        handlers.index,
        "7",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
        relations=RELATIONS,
        filters=commands_store.FILTERS,
    ),
    Endpoint(
        "POST",
        "/api/environments/{environment}/commands",
        One(COMMAND, 201),
        handlers.create,
        "7",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=RunCommand,
    ),
    Endpoint(
        "GET",
        "/api/commands/{command}",
        One(COMMAND),
        handlers.show,
        "7",
        ability=Ability.READ,
        subject=subjects.COMMAND,
        relations=RELATIONS,
    ),
)
