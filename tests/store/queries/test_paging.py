from sqlalchemy import Connection

from engineroom.model.ids import BackgroundProcessId, new_organization_id
from engineroom.store.queries import operations
from engineroom.store.queries.paging import PAGE_SIZE, slice_page
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import an_operation


def test_pages_follow_each_other_and_know_how_many_there_are(connection: Connection, shop: Shop) -> None:
    ids = []
    for number in range(PAGE_SIZE + 1):
        new = an_operation(
            shop.organization, BackgroundProcessId(f"process-{number}"), created_at=NOW - number * SECOND
        )
        operations.add(connection, new)
        ids.append(new.id)

    pages = [operations.page(connection, shop.organization, number) for number in (1, 2, 3)]

    assert [[each.id for each in page.items] for page in pages] == [ids[:PAGE_SIZE], ids[PAGE_SIZE:], []]
    assert [(page.number, page.total) for page in pages] == [(number, PAGE_SIZE + 1) for number in (1, 2, 3)]


def test_a_page_that_is_exactly_full_knows_it(connection: Connection, shop: Shop) -> None:
    for number in range(PAGE_SIZE):
        operations.add(connection, an_operation(shop.organization, BackgroundProcessId(f"process-{number}")))
    page = operations.page(connection, shop.organization, 1)
    assert (len(page.items), page.total) == (PAGE_SIZE, PAGE_SIZE)
    assert operations.page(connection, shop.organization, 2).items == []


def test_a_page_of_nothing_is_empty(connection: Connection) -> None:
    for number in (1, 2, 2**40):
        page = operations.page(connection, new_organization_id(), number)
        assert (list(page.items), page.total) == ([], 0)


def test_what_is_all_at_hand_has_pages_too() -> None:
    items = list(range(PAGE_SIZE + 1))
    assert slice_page(items, 1).items == items[:PAGE_SIZE]
    assert slice_page(items, 2).items == [PAGE_SIZE]
    assert (slice_page(items, 3).items, slice_page(items, 3).total) == ([], PAGE_SIZE + 1)
