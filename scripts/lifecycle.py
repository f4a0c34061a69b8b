"""Write docs/lifecycle.md from the keeper's table; with `--check`, only say whether the file agrees with it."""

import ast
import sys
from itertools import pairwise
from pathlib import Path

from engineroom.keeper.processes import lifecycle
from engineroom.keeper.processes.lifecycle import TABLE, Action, LifecycleEvent, State

DOCUMENT = Path(__file__).parent.parent / "docs" / "lifecycle.md"

INTRODUCTION = """\
# The life of a process

Each process that the keeper is given goes through these states. What is drawn here is all there is: the keeper looks every
event up in one table, does what stands there, and nothing else decides. This page is generated from that table,
`src/engineroom/keeper/processes/lifecycle.py`, by `scripts/lifecycle.py`; a test compares the two.

An arrow is an event; behind the slash stands what is done about it. An event that has no arrow in a state means nothing
there.
"""


def main() -> int:
    """Write or check the document; return the exit status."""
    if sys.argv[1:] == ["--check"]:
        if DOCUMENT.read_text(encoding="utf-8") == document():
            return 0
        sys.stderr.write(f"{DOCUMENT} is out of date; run {Path(sys.argv[0]).name} without --check\n")
        return 1
    DOCUMENT.write_text(document(), encoding="utf-8")
    return 0


def document() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *_diagram(), *_table(), *_glossary()])


def _diagram() -> list[str]:
    arrows = [
        f"    {state} --> {step.state}: {event}{_slash(step.action)}"
        for (state, event), step in TABLE.items()
    ]
    return [
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {State.STARTING}",
        *arrows,
        f"    {State.STOPPED} --> [*]",
        "```",
        "",
    ]


def _slash(action: Action) -> str:
    return "" if action is Action.NOTHING else f" / {action}"


def _table() -> list[str]:
    states = [state for state in State if any(origin is state for origin, _ in TABLE)]
    rows = [[event, *(_cell(state, event) for state in states)] for event in LifecycleEvent]
    return ["## Every state with every event", "", *_markdown(["", *states], rows), ""]


def _cell(state: State, event: LifecycleEvent) -> str:
    step = TABLE.get((state, event))
    if step is None:
        return ""
    return f"{step.state}{_slash(step.action)}"


def _glossary() -> list[str]:
    return [
        *_meanings("## The events", LifecycleEvent),
        *_meanings("## What is done", Action),
    ]


def _meanings(title: str, members: type[LifecycleEvent] | type[Action]) -> list[str]:
    meanings = _docstrings(members.__name__)
    rows = [[member, meanings[member.name]] for member in members]
    return [title, "", *_markdown(["", "means"], rows), ""]


def _docstrings(name: str) -> dict[str, str]:
    """Return the text under each member of one of the table's enumerations."""
    tree = ast.parse(Path(lifecycle.__file__).read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    meanings = {}
    for member, below in pairwise(found.body):
        match member, below:
            case ast.Assign(targets=[ast.Name(id=id)]), ast.Expr(value=ast.Constant(value=str(text))):
                meanings[id] = text
    return meanings


def _markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    sys.exit(main())
