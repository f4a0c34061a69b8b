"""The pagination block of a list (contract sheet, section 1.9)."""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from engineroom.store.queries.paging import PAGE_SIZE, Page

_ON_EACH_SIDE = 3
_ENDS = 2
_MAX_PAGE = 10**9
"""Beyond it there is nothing, and an offset would leave the range of the database's integers."""


class PageLinks(Struct, omit_defaults=True):
    """The addresses of other pages; `prev` and `next` are left out where there is none."""

    first: str
    last: str
    prev: str | UnsetType = UNSET
    next: str | UnsetType = UNSET


class PageLabel(Struct):
    """One link of a pager."""

    url: str | None
    label: str
    page: int | None
    active: bool


class PageMeta(Struct):
    """The figures of a list, and the labelled links of a pager."""

    current_page: int
    from_: int | None = field(name="from")
    last_page: int
    links: list[PageLabel]
    path: str
    per_page: int
    to: int | None
    total: int


def page_number(text: str | None) -> int:
    """Return the page that was asked for; what is no page number counts as the first page."""
    if text is None or not text.isascii() or not text.isdecimal():
        return 1
    return min(max(int(text[:12]), 1), _MAX_PAGE)


def links(page: Page[Any], url: str) -> PageLinks:
    """Return the links of a list at `url`."""
    last = _last(page)
    return PageLinks(
        first=f"{url}?page=1",
        last=f"{url}?page={last}",
        prev=f"{url}?page={page.number - 1}" if page.number > 1 else UNSET,
        next=f"{url}?page={page.number + 1}" if page.number < last else UNSET,
    )


def meta(page: Page[Any], url: str) -> PageMeta:
    """Return the figures of a list at `url`."""
    offset = (page.number - 1) * PAGE_SIZE
    shown = len(page.items)
    return PageMeta(
        current_page=page.number,
        from_=offset + 1 if shown else None,
        last_page=_last(page),
        links=list(_labelled(page, url)),
        path=url,
        per_page=PAGE_SIZE,
        to=offset + shown if shown else None,
        total=page.total,
    )


def _labelled(page: Page[Any], url: str) -> Iterator[PageLabel]:
    last = _last(page)
    yield _label(url, "&laquo; Previous", page.number - 1 if page.number > 1 else None)
    for number in shown_numbers(page.number, last):
        yield _label(url, str(number or "..."), number, active=number == page.number)
    yield _label(url, "Next &raquo;", page.number + 1 if page.number < last else None)


def _label(url: str, label: str, number: int | None, *, active: bool = False) -> PageLabel:
    address = None if number is None else f"{url}?page={number}"
    return PageLabel(url=address, label=label, page=number, active=active)


def shown_numbers(current: int, last: int) -> list[int | None]:
    """Return the numbers a pager shows, None for a gap: both ends, and the present page with its neighbours.

    The rule is that of the framework's `UrlWindow`, three on each side.
    """
    window = _ON_EACH_SIDE + 4
    if last < _ON_EACH_SIDE * 2 + 8:
        return [*range(1, last + 1)]
    start, end = [*range(1, _ENDS + 1)], [*range(last - _ENDS + 1, last + 1)]
    if current <= window:
        return [*range(1, window + _ON_EACH_SIDE + 1), None, *end]
    if current > last - window:
        return [*start, None, *range(last - window - _ON_EACH_SIDE + 1, last + 1)]
    return [*start, None, *range(current - _ON_EACH_SIDE, current + _ON_EACH_SIDE + 1), None, *end]


def _last(page: Page[Any]) -> int:
    return max(-(-page.total // PAGE_SIZE), 1)
