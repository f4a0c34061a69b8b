import re

import pytest

from engineroom.model.slug import new_vanity_domain, slugify, unique_slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Shop", "shop"), ("  Ünser Blog! 2", "unser-blog-2"), ("a--b", "a-b"), ("日本語", "application")],
)
def test_a_slug_is_what_an_address_can_hold_of_a_name(name: str, slug: str) -> None:
    assert slugify(name) == slug


def test_a_taken_slug_gets_the_next_free_number() -> None:
    """Contract sheet, section 5."""
    assert unique_slug("Shop", {"other"}) == "shop"
    assert unique_slug("Shop", {"shop"}) == "shop-2"
    assert unique_slug("Shop", {"shop", "shop-2"}) == "shop-3"


def test_a_vanity_domain_has_the_form_of_section_4_2() -> None:
    assert re.fullmatch(
        r"shop-production-[a-z0-9]{6}\.laravel\.cloud", new_vanity_domain("shop", "production")
    )
