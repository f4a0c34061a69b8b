"""Contract sheet, section 1.9; the numbers shown are those of the framework's `UrlWindow`."""

import pytest

from engineroom.api.document.pagination import shown_numbers


@pytest.mark.parametrize(
    ("current", "last", "numbers"),
    [
        (1, 1, [1]),
        (5, 13, list(range(1, 14))),
        (7, 14, [*range(1, 11), None, 13, 14]),
        (8, 20, [1, 2, None, *range(5, 12), None, 19, 20]),
        (14, 20, [1, 2, None, *range(11, 21)]),
        (99, 20, [1, 2, None, *range(11, 21)]),
    ],
)
def test_a_pager_shows_both_ends_and_the_neighbours_of_the_present_page(
    current: int, last: int, numbers: list[int | None]
) -> None:
    assert shown_numbers(current, last) == numbers
