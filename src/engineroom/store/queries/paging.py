"""One page of a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Select, bindparam, func, or_, select

from engineroom.store.databases.rows import AnyRow

PAGE_SIZE = 100
"""Contract sheet, section 1.8."""

Item = TypeVar("Item")


def filtered(column: Column[str], name: str | None = None) -> ColumnElement[bool]:
    """Return a condition that holds for all rows while the parameter `name`, or the column's, is None."""
    wanted = bindparam(name or column.name, type_=column.type)
    return or_(wanted.is_(None), column == wanted)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """The items of page `number`, counted from 1, and how many items all pages have together."""

    number: int
    items: Sequence[Item]
    total: int


def slice_page(items: Sequence[Item], number: int) -> Page[Item]:
    """Return a page of items that are all at hand."""
    offset = (number - 1) * PAGE_SIZE
    return Page(number, items[offset : offset + PAGE_SIZE], len(items))


class PagedSelect:
    """A select prepared to be run page by page."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._page = statement.limit(PAGE_SIZE).offset(bindparam("page_offset", type_=BigInteger))
        self._count = select(func.count()).select_from(statement.order_by(None).subquery())

    def run(
        self, connection: Connection, number: int, parameters: Mapping[str, Any]
    ) -> tuple[Sequence[AnyRow], int]:
        """Return the rows of page `number`, and how many rows all pages have together."""
        offset = (number - 1) * PAGE_SIZE
        rows = connection.execute(self._page, {**parameters, "page_offset": offset}).all()
        if rows and len(rows) < PAGE_SIZE:
            return rows, offset + len(rows)
        if not rows and offset == 0:
            return rows, 0
        return rows, connection.execute(self._count, parameters).scalar_one()
