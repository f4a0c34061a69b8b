"""Related resources that a client asks for with `include` (contract sheet, sections 1.6 and 1.7)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from msgspec import UNSET
from sqlalchemy import Connection

from engineroom.api.call import Answer, Call
from engineroom.api.documents import Document, ListDocument, Resource, encode, once_each, to_many, to_one
from engineroom.api.pagination import links, meta
from engineroom.store.paging import Page

Item = TypeVar("Item")

Related: TypeAlias = Resource | list[Resource] | None
"""One related resource or none, for a relation to one; a list, for a relation to many."""

Relation = Callable[[Connection, Call, Sequence[Item]], Sequence[Related]]
"""Returns what is related to each item, in their order."""

Relations = Mapping[str, Relation[Item]]
"""The relations of one type of resource; their order is the order in `included`."""


def none_yet(_connection: Connection, _call: Call, items: Sequence[Any]) -> Sequence[Related]:
    """Return that no item has a related resource: nothing of its type exists here."""
    return [None] * len(items)


def none_of_many_yet(_connection: Connection, _call: Call, items: Sequence[Any]) -> Sequence[Related]:
    """Return an empty list for each item: nothing of the type exists here."""
    return [[] for _ in items]


def one_document(
    connection: Connection,
    call: Call,
    item: Item,
    show: Callable[[Call, Item], Resource],
    relations: Relations[Item],
) -> Document:
    """Return the document of one item with the relations that the call asks for."""
    resource = show(call, item)
    included = _include(connection, call, [item], [resource], relations)
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
    relations: Relations[Item],
) -> Answer:
    """Return the answer with the page that `read` gives, and the relations that the call asks for."""

    def read_all(connection: Connection) -> tuple[Page[Item], list[Resource], list[Resource] | None]:
        page = read(connection)
        resources = [show(call, item) for item in page.items]
        return page, resources, _include(connection, call, page.items, resources, relations)

    return page_answer(call, *await call.read(read_all))


async def one_answer(
    call: Call,
    read: Callable[[Connection], Item],
    show: Callable[[Call, Item], Resource],
    relations: Relations[Item],
) -> Answer:
    """Return the answer with the item that `read` gives, and the relations that the call asks for."""
    document = await call.read(
        lambda connection: one_document(connection, call, read(connection), show, relations)
    )
    return Answer(encode(document))


def _include(
    connection: Connection,
    call: Call,
    items: Sequence[Item],
    resources: Sequence[Resource],
    relations: Relations[Item],
) -> list[Resource] | None:
    """Relate the resources as the call asks, and return those to include; None when it asks for no known relation."""
    names = [name for name in relations if name in call.includes]
    if not names:
        return None
    included: list[Resource] = []
    for name in names:
        for resource, related in zip(resources, relations[name](connection, call, items), strict=True):
            relationship = to_many(related) if isinstance(related, list) else to_one(related)
            resource.relationships = {**(resource.relationships or {}), name: relationship}
            included += related if isinstance(related, list) else [related] if related else []
    return once_each(included)
