"""The envelope of answers: resources, lists and what is included (contract sheet, sections 1.6 and 1.9)."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, Struct, UnsetType

from engineroom.api.document.pagination import PageLinks, PageMeta


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


def to_one(related: Resource | None) -> Relationship:
    """Return the relationship to one resource, or to none."""
    return Relationship(None if related is None else related.identifier())


def to_many(related: Sequence[Resource]) -> Relationship:
    """Return the relationship to any number of resources."""
    return Relationship([resource.identifier() for resource in related])


def once_each(resources: Sequence[Resource]) -> list[Resource]:
    """Return the resources in their order, each only once."""
    return list({(resource.type, resource.id): resource for resource in resources}.values())
