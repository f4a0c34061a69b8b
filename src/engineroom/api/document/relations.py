"""Related resources that a client asks for with `include` (contract sheet, sections 1.6 and 1.7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Connection

from engineroom.api.document.jsonapi import Resource, once_each, to_many, to_one
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer

Item = TypeVar("Item")

Related: TypeAlias = Resource | list[Resource] | None
"""One related resource or none, for a relation to one; a list, for a relation to many."""

Load: TypeAlias = Callable[[Connection, Viewer, Sequence[Item]], Sequence[Related]]


@dataclass(frozen=True, slots=True)
class Relation(Generic[Item]):
    """A relation that may be included. `load` returns what is related to each item, in their order.

    `to` is None where nothing of the related type exists here.
    """

    to: ResourceType | None
    many: bool
    load: Load[Item]


Relations = Mapping[str, Relation[Item]]
"""The relations of one type of resource; their order is the order in `included`."""


def related_to_one(to: ResourceType) -> Callable[[Load[Item]], Relation[Item]]:
    """Make a relation to one resource, or none, of a function that loads it."""
    return lambda load: Relation(to, many=False, load=load)


def related_to_many(to: ResourceType) -> Callable[[Load[Item]], Relation[Item]]:
    """Make a relation to any number of resources of a function that loads them."""
    return lambda load: Relation(to, many=True, load=load)


NONE_YET: Relation[Any] = Relation(
    None, many=False, load=lambda _connection, _viewer, items: [None] * len(items)
)
"""A relation to one resource, of a type that does not exist here."""

NONE_OF_MANY_YET: Relation[Any] = Relation(
    None, many=True, load=lambda _connection, _viewer, items: [[] for _ in items]
)
"""A relation to many resources, of a type that does not exist here."""


def include(
    relations: Relations[Item],
    connection: Connection,
    viewer: Viewer,
    items: Sequence[Item],
    resources: Sequence[Resource],
) -> list[Resource]:
    """Relate the resources of the items, and return what is related to them, each once."""
    included: list[Resource] = []
    for name, relation in relations.items():
        for resource, related in zip(resources, relation.load(connection, viewer, items), strict=True):
            relationship = to_many(related) if isinstance(related, list) else to_one(related)
            resource.relationships = {**(resource.relationships or {}), name: relationship}
            included += related if isinstance(related, list) else [related] if related else []
    return once_each(included)
