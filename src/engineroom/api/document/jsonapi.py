"""The envelope of answers: resources, lists and what is included (contract sheet, sections 1.6, 1.9 and 1.10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from engineroom.api.document.pagination import PageLinks, PageMeta

JSON = "application/json"
JSON_API = "application/vnd.api+json"


Timestamp = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$", extra_json_schema={"format": "date-time"}),
]
"""A moment in UTC as the contract writes it: six fraction digits, always zeros (section 1.10)."""

Moment = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", extra_json_schema={"format": "date-time"}),
]
"""A moment in UTC to the microsecond, in the same form: for what is ours, where the order matters."""


class Attributes(Struct):
    """The attributes of one type of resource, in the contract's order."""


class Identifier(Struct):
    """What names a related resource."""

    type: str
    id: str


class Relationship(Struct):
    """A related resource, none, or a list of them."""

    data: Identifier | list[Identifier] | None


class Resource(Struct, omit_defaults=True):
    """One resource. Without `include` it has no relationships at all."""

    id: str
    type: str
    attributes: Attributes
    relationships: Mapping[str, Relationship] | UnsetType = UNSET
    links: Mapping[str, Mapping[str, str]] | UnsetType = UNSET

    def identifier(self) -> Identifier:
        """Return what names this resource in a relationship."""
        return Identifier(self.type, self.id)


class Document(Struct, omit_defaults=True):
    """The answer with one resource."""

    data: Resource
    included: list[Resource] | UnsetType = UNSET


class ListDocument(Struct, omit_defaults=True):
    """The answer with one page of resources."""

    data: list[Resource]
    links: PageLinks
    meta: PageMeta
    included: list[Resource] | UnsetType = UNSET


class AllDocument(Struct):
    """The answer with resources that are answered together, however many."""

    data: list[Resource]
    meta: Mapping[str, int]


encode = msgspec.json.Encoder().encode


def timestamp(moment: datetime) -> str:
    """Return a moment in UTC as the contract writes it."""
    return f"{moment.isoformat()[:19]}.000000Z"


def moment(at: datetime) -> str:
    """Return a moment in UTC to the microsecond, in the same form."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def moment_or_none(at: datetime | None) -> str | None:
    """Return a moment to the microsecond, or None."""
    return None if at is None else moment(at)


def timestamp_or_none(moment: datetime | None) -> str | None:
    """Return a moment in the contract's form, or None."""
    return None if moment is None else timestamp(moment)


def to_one(related: Resource | None) -> Relationship:
    """Return the relationship to one resource, or to none."""
    return Relationship(None if related is None else related.identifier())


def to_many(related: Sequence[Resource]) -> Relationship:
    """Return the relationship to any number of resources."""
    return Relationship([resource.identifier() for resource in related])


def once_each(resources: Sequence[Resource]) -> list[Resource]:
    """Return the resources in their order, each only once."""
    return list({(resource.type, resource.id): resource for resource in resources}.values())
