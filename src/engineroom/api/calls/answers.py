"""The usual answers: one resource, a page of a list, all of something, and what was changed by which operation."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import UNSET
from sqlalchemy import Connection

from engineroom.api.calls.call import Call
from engineroom.api.document.jsonapi import AllDocument, Document, ListDocument, Resource, encode
from engineroom.api.document.pagination import links, meta
from engineroom.api.document.relations import Relation, include
from engineroom.api.document.viewer import Viewer
from engineroom.api.http.answer import Answer
from engineroom.api.http.media_types import JSON
from engineroom.model.operation import Operation
from engineroom.store.queries.paging import Page

OPERATION_HEADER = "Engineroom-Operation"

Item = TypeVar("Item")
Show = Callable[[Viewer, Item], Resource]


def shown(resource: Resource, *, status: int = 200) -> Answer:
    """Return the answer with one resource."""
    return Answer(encode(Document(resource)), status=status)


async def one_answer(call: Call, item: Item, show: Show[Item]) -> Answer:
    """Return the answer with one item, and the relations that the call asks for."""
    resource = show(call.viewer, item)
    relations = _relations(call)
    if relations is None:
        return shown(resource)
    included = await call.read(
        lambda connection: include(relations, connection, call.viewer, [item], [resource])
    )
    return Answer(encode(Document(resource, included)))


async def list_answer(call: Call, read: Callable[[Connection], Page[Item]], show: Show[Item]) -> Answer:
    """Return the answer with the page that `read` gives, and the relations that the call asks for."""
    viewer = call.viewer
    relations = _relations(call)

    def read_all(connection: Connection) -> tuple[Page[Item], list[Resource], list[Resource] | None]:
        page = read(connection)
        resources = [show(viewer, item) for item in page.items]
        if relations is None:
            return page, resources, None
        return page, resources, include(relations, connection, viewer, page.items, resources)

    return page_answer(call, *await call.read(read_all))


def page_answer(
    call: Call, page: Page[Item], resources: list[Resource], included: list[Resource] | None = None
) -> Answer:
    """Return the answer with one page of a list."""
    url = call.url
    document = ListDocument(
        resources, links(page, url), meta(page, url), UNSET if included is None else included
    )
    return Answer(encode(document))


def all_answer(resources: Sequence[Resource], *, status: int = 200) -> Answer:
    """Return the answer with resources that are answered together, however many."""
    return Answer(encode(AllDocument(list(resources), {"total": len(resources)})), status=status)


def plain(value: object) -> Answer:
    """Return the answer with what is no JSON:API document."""
    return Answer(encode(value), media_type=JSON)


def written(resource: Resource, operation: Operation, *, status: int = 200) -> Answer:
    """Return the answer with what something has become."""
    return Answer(encode(Document(resource)), status=status, headers={OPERATION_HEADER: operation.id})


def emptied(operation: Operation) -> Answer:
    """Return the answer without a body."""
    return Answer(None, status=204, headers={OPERATION_HEADER: operation.id})


def _relations(call: Call) -> dict[str, Relation[Any]] | None:
    """Return the relations that the call asks for, None when it asks for no known one."""
    return {name: call.endpoint.relations[name] for name in call.query.includes} or None
