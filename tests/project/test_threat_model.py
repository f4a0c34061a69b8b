"""Every line of the threat model is shown by a test: a name in it that is no test is a promise that nobody keeps."""

import ast
import re
from functools import cache

import pytest

from tests.project.repository import ROOT, text

DOCUMENT = "docs/security.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def attacks() -> list[str]:
    """Return the lines of the tables that say what is tried."""
    lines: list[str] = []
    for table in re.findall(r"^\| what is tried .*\n\|[-| ]+\|\n((?:\|.*\n)*)", text(DOCUMENT), re.MULTILINE):
        lines += table.splitlines()
    return lines


@cache
def functions_in(path: str) -> frozenset[str]:
    """Return the names of the functions in a file, none when there is no such file."""
    if not (ROOT / path).exists():
        return frozenset()
    tree = ast.parse(text(path))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_there_are_attacks_to_look_at() -> None:
    assert len(attacks()) > 10


@pytest.mark.parametrize("attack", attacks(), ids=lambda line: line.split("|")[1].strip()[:60])
def test_each_attack_names_a_test_that_exists(attack: str) -> None:
    tried, happens, shown = (cell.strip() for cell in attack.strip().strip("|").split("|"))

    assert tried
    assert happens
    named = TEST.findall(shown)
    assert named, "name the test that shows it"
    assert [f"{path}::{name}" for path, name in named if name not in functions_in(path)] == []
