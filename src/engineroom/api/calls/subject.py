"""What an address names, and how it is found: the one look-up that every endpoint with an id in its address begins with."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from engineroom.api.http.errors import NotFoundError
from engineroom.model.ids import OrganizationId

_ID = re.compile(r"[\w-]{1,64}", re.ASCII)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class AddressSubject(Generic[Item]):
    """A kind of thing in addresses: the name of its id there, and the query that finds one of an organization."""

    parameter: str
    find: Callable[[Connection, OrganizationId, Any], Item | None]

    def found(self, connection: Connection, organization: OrganizationId, address: Mapping[str, Any]) -> Item:
        """Return the one that the address names. Raises NotFoundError, also for what is another organization's."""
        found = self.find(connection, organization, identifier(address, self.parameter))
        if found is None:
            raise NotFoundError
        return found


def identifier(address: Mapping[str, Any], name: str) -> str:
    """Return an id from the parameters of an address. Raises NotFoundError for what cannot be one."""
    found = str(address[name])
    if not _ID.fullmatch(found):
        raise NotFoundError
    return found
