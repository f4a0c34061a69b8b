from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engineroom.queues.laravel.text import SpellingError, slug, snake
from tests.support.php import Php

pytestmark = pytest.mark.needs("php", "laravel")

NAMES = [
    "Laravel",
    "My App",
    "Café  del-Mar!",
    "me@home",
    "_x_",
    "-x-",
    "__a--b__",
    "Über Größe Straße",
    "Ærø Smørrebrød",
    "Łódź Żółć",
    "Ħal Għaxaq",
    "İstanbul",
    "Þór Đà",
    "naïve \N{LEFT DOUBLE QUOTATION MARK}quotes\N{RIGHT DOUBLE QUOTATION MARK} \N{EN DASH} dashes\N{HORIZONTAL ELLIPSIS}",
    "it's",
    "a/b\\c",
    "100% sure",
    "  blanks\t\nand lines ",
    "no\u00a0break",
    "CamelCaseName",
    "camelCase",
    "lower",
    "UPPER",
    "with 2 numbers 42",
    "",
    "!!!",
    "a.b.c",
    "@",
    "Ärger@Büro",
    "x\0y",
]

_LATIN = st.characters(max_codepoint=0x17F, exclude_categories=["Cs"])


@pytest.fixture(scope="module")
def framework() -> Iterator[Php]:
    with Php("names.php") as php:
        yield php


def same(framework: Php, name: str) -> None:
    theirs = framework.ask(text=name)
    try:
        assert slug(name, "_") == theirs["slug_"]
        assert slug(name) == theirs["slug-"]
    except SpellingError:
        # What is not known is not guessed.
        assert not name.isascii()
    if name.isascii():
        assert snake(name) == theirs["snake"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_what_the_framework_makes_of_it(framework: Php, name: str) -> None:
    same(framework, name)
    slug(name)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.one_of(st.text(_LATIN, max_size=12), st.text("aB _-@1é\n", max_size=12)))
def test_whatever_name_it_is(framework: Php, name: str) -> None:
    same(framework, name)


def test_every_letter_of_which_a_spelling_is_known_is_spelt_so(framework: Php) -> None:
    for number in range(0x80, 0x2100):
        name = f"a{chr(number)}b"
        try:
            ours = slug(name)
        except SpellingError:
            continue
        assert ours == framework.ask(text=name)["slug-"], name


@pytest.mark.parametrize("name", ["店", "Магазин", "😀"])
def test_a_spelling_that_is_not_known_is_not_guessed(name: str) -> None:
    with pytest.raises(SpellingError, match="only PHP"):
        slug(name)
    with pytest.raises(SpellingError):
        snake(name)
