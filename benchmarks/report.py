"""Results as tables for people, and as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks.result import ENGINEROOM, Measure, Result


def print_machine(console: Console, facts: Mapping[str, str]) -> None:
    """Print the machine's facts on one line."""
    console.print(
        "Machine: " + ", ".join(f"{name} {value}" for name, value in facts.items()), highlight=False
    )


def print_result(console: Console, result: Result) -> None:
    """Print one table and its notes."""
    table = Table(title=result.title, title_justify="left", title_style="bold")
    table.add_column("")
    for contender in result.contenders:
        table.add_column(contender, justify="right", style="bold" if contender == ENGINEROOM else "")
        if contender == ENGINEROOM:
            table.add_column("aim")
    for measure in result.measures:
        table.add_row(*_cells(measure, result.contenders))
    console.print()
    console.print(table)
    for note in result.notes:
        console.print(f"  {note}", style="dim", highlight=False)


def as_json(facts: Mapping[str, str], results: Sequence[Result]) -> str:
    """Return everything that was found, for `--json`."""
    found = [
        asdict(result)
        | {"measures": [asdict(each) | {"aim_is_met": each.aim_is_met} for each in result.measures]}
        for result in results
    ]
    return json.dumps({"machine": dict(facts), "results": found}, indent=2, ensure_ascii=False) + "\n"


def _cells(measure: Measure, contenders: Sequence[str]) -> list[str]:
    cells = [measure.name]
    for contender in contenders:
        cells.append(_figure(measure.figures.get(contender), measure.unit))
        if contender == ENGINEROOM:
            cells.append(_aim(measure))
    return cells


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if not unit:
        return f"{value:g}"
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f} {unit}"


def _aim(measure: Measure) -> str:
    if measure.aim is None:
        return ""
    sign = "≥" if measure.aim.at_least else "≤"
    limit = f"{sign} {_figure(measure.aim.limit, measure.unit)}"
    reason = f" ({measure.aim.reason})" if measure.aim.reason else ""
    outcome = {True: "met", False: "[red]missed[/red]", None: "not measured"}[measure.aim_is_met]
    return f"{limit}{reason}: {outcome}"
