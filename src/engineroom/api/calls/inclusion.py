"""Related resources that a client asks for with `include` (contract sheet, sections 1.6 and 1.7)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import UNSET
from sqlalchemy import Connection

from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Related, Relation
from engineroom.api.document.jsonapi import (
    Document,
    ListDocument,
    Resource,
    encode,
    once_each,
    to_many,
    to_one,
)
from engineroom.api.document.pagination import links, meta
from engineroom.api.document.shapes import ResourceType
from engineroom.store.queries.paging import Page

Item = TypeVar("Item")
Load = Callable[[Connection, Call, Sequence[Item]], Sequence[Related]]


def related_to_one(to: ResourceType) -> Callable[[Load[Item]], Relation[Item]]:
    """Make a relation to one resource, or none, of a function that loads it."""
    return lambda load: Relation(to, many=False, load=load)


def related_to_many(to: ResourceType) -> Callable[[Load[Item]], Relation[Item]]:
    """Make a relation to any number of resources of a function that loads them."""
    return lambda load: Relation(to, many=True, load=load)


NONE_YET: Relation[Any] = Relation(
    None, many=False, load=lambda _connection, _call, items: [None] * len(items)
)
"""A relation to one resource, of a type that does not exist here."""

NONE_OF_MANY_YET: Relation[Any] = Relation(
    None, many=True, load=lambda _connection, _call, items: [[] for _ in items]
)
"""A relation to many resources, of a type that does not exist here."""


def one_document(
    connection: Connection,
    call: Call,
    item: Item,
    show: Callable[[Call, Item], Resource],
) -> Document:
    """Return the document of one item with the relations that the call asks for."""
    resource = show(call, item)
    included = _include(connection, call, [item], [resource])
    return Document(resource) if included is None else Document(resource, included)


def page_answer(
    call: Call,
    page: Page[Item],
    resources: list[Resource],
    included: list[Resource] | None = None,
) -> Answer:
    """Return the answer with one page of a list."""
    url = call.url
    document = ListDocument(
        resources, links(page, url), meta(page, url), UNSET if included is None else included
    )
    return Answer(encode(document))


async def list_answer(
    call: Call,
    read: Callable[[Connection], Page[Item]],
    show: Callable[[Call, Item], Resource],
) -> Answer:
    """Return the answer with the page that `read` gives, and the relations that the call asks for."""

    def read_all(connection: Connection) -> tuple[Page[Item], list[Resource], list[Resource] | None]:
        page = read(connection)
        resources = [show(call, item) for item in page.items]
        return page, resources, _include(connection, call, page.items, resources)

    return page_answer(call, *await call.read(read_all))


async def one_answer(
    call: Call,
    read: Callable[[Connection], Item],
    show: Callable[[Call, Item], Resource],
) -> Answer:
    """Return the answer with the item that `read` gives, and the relations that the call asks for."""
    document = await call.read(lambda connection: one_document(connection, call, read(connection), show))
    return Answer(encode(document))


def _include(
    connection: Connection,
    call: Call,
    items: Sequence[Item],
    resources: Sequence[Resource],
) -> list[Resource] | None:
    """Relate the resources as the call asks, and return those to include; None when it asks for no known relation."""
    names = call.includes
    if not names:
        return None
    included: list[Resource] = []
    for name in names:
        load = call.endpoint.relations[name].load
        for resource, related in zip(resources, load(connection, call, items), strict=True):
            relationship = to_many(related) if isinstance(related, list) else to_one(related)
            resource.relationships = {**(resource.relationships or {}), name: relationship}
            included += related if isinstance(related, list) else [related] if related else []
    return once_each(included)
