"""Who may import whom. The table is the rule; docs/architecture.md gives the reasons."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.repository import PACKAGE, files

ROOMS = sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in files(PACKAGE)})

MAY_IMPORT = {
    "model": set(),
    "settings": set(),
    "keeper": set(),
    "http": {"model", "settings"},
    "store": {"model", "settings"},
    "sandbox": {"keeper"},
    "queues": {"model", "settings", "sandbox"},
    "telemetry": {"model", "settings"},
    "runtime": {"model", "settings"},
    "control": {"model", "settings", "store", "queues", "telemetry", "runtime", "sandbox"},
    "api": {"model", "settings", "store", "telemetry", "control"},
    "cli": {"model", "settings"},
    "cli/host": {"model", "settings", "control", "runtime", "sandbox", "store"},
    "cli/server": set(ROOMS),
}
"""A room of `src/engineroom`, and the other rooms that its files may import. A part of a room may have a rule of its own."""

PARTS = {
    "model/applications": {"model.ids"},
    "model/instances": {"model.ids"},
    "model/processes": {"model.ids", "model.instances"},
    "model/logs": {"model.ids"},
    "model/scaling": {"model.ids", "model.instances", "model.processes", "model.queue"},
    "store/databases": {"store.errors"},
    "store/encryption": {"store.errors"},
    "store/schema": {"store.errors", "store.encryption"},
    "store/engine": {"store.errors", "store.databases", "store.encryption", "store.schema"},
    "store/queries": {
        "store.databases.inserts",
        "store.databases.rows",
        "store.engine.attribution",
        "store.schema.tables",
    },
    "control/changes": set(),
    "control/folders": {"control.changes"},
    "control/queues": {"control.workloads"},
    "control/scaling": {"control.host_probe", "control.outbox", "control.queues"},
    "control/observing": {"control.queues", "control.scaling"},
    "control/loops": {"control.changes", "control.cron", "control.outbox", "control.workloads"},
    "api/http": set(),
    "api/document": {"api.http"},
    "api/calls": {"api.document", "api.http"},
    "cli/terminal": set(),
    "cli/client": {"cli.errors", "cli.options", "cli.terminal"},
    "cli/host": {"cli.errors", "cli.options", "cli.terminal"},
    "keeper/cgroups": {"keeper.kernel", "keeper.log", "keeper.shell_worker"},
    "keeper/output": {"keeper.log", "keeper.shell_worker", "keeper.processes.process"},
    "keeper/containment": {"keeper.kernel", "keeper.log", "keeper.cgroups", "keeper.processes"},
    "keeper/launch": {
        "keeper.resource_limits",
        "keeper.containment.containers",
        "keeper.output.spool",
        "keeper.processes.process",
    },
}
"""A part of a room, and what else of its room it may import: a module, or a part with all that is in it."""

QUERIES = {
    "store/queries/background_processes.py": {"scaling.scales"},
    "store/queries/environments.py": {"environment_variables"},
    "store/queries/schedules.py": {"environment_variables"},
    "store/queries/wanted.py": {"background_processes", "environment_variables"},
    "store/queries/scaling/scaled.py": {"scaling.scales", "wanted"},
}
"""Queries that are made of those of other modules. No other module of queries knows one, but for `paging`."""

STANDARD_LIBRARY_ONLY = {"keeper", "model"}

MODULES = [path.relative_to(PACKAGE).as_posix() for path in files(PACKAGE) if path.suffix == ".py"]


def room_of(module: str) -> str:
    return Path(module).parts[0].removesuffix(".py")


def rule_of(module: str) -> set[str] | None:
    """Return what the module may import: by the rule of the innermost folder that has one."""
    path = Path(module)
    folders = [path.with_suffix("").as_posix(), *(parent.as_posix() for parent in path.parents)]
    return next((MAY_IMPORT[folder] for folder in folders if folder in MAY_IMPORT), None)


def imported_names(path: Path) -> Iterator[str]:
    """Return the full dotted name of everything that the file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_rooms(path: Path) -> set[str]:
    names = (name.split(".") for name in imported_names(path))
    return {
        parts[1] for parts in names if parts[0] == "engineroom" and parts[1:] and parts[1] != "__version__"
    }


@pytest.mark.parametrize(
    "module", [module for module in MODULES if module not in {"__init__.py", "__main__.py"}]
)
def test_a_file_imports_only_the_rooms_that_its_room_may(module: str) -> None:
    rule = rule_of(module)
    assert rule is not None, f"{module} is in a new room: say in MAY_IMPORT what it may import"

    assert imported_rooms(PACKAGE / module) <= rule | {room_of(module)}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_imports_only_what_it_may_of_its_room(part: str) -> None:
    room, own = room_of(part), part.replace("/", ".")
    inside = {
        name.removeprefix("engineroom.")
        for module in MODULES
        if module.startswith(f"{part}/")
        for name in imported_names(PACKAGE / module)
        if name.startswith(f"engineroom.{room}.")
    }

    assert {name for name in inside if not is_within(name, PARTS[part] | {own})} == set()


SHOWN = [
    module
    for module in MODULES
    if Path(module).match("api/*/*.py") and Path(module).stem in {"requests", "resource", "relations"}
]
"""What a noun of the API takes and shows: `requests.py`, `resource.py` and `relations.py`."""


@pytest.mark.parametrize("module", SHOWN)
def test_what_a_noun_of_the_api_takes_and_shows_knows_no_call(module: str) -> None:
    names = [name for name in imported_names(PACKAGE / module) if name.startswith("engineroom.api.")]

    assert [name for name in names if ".api.calls." in name or ".handlers" in name or ".rows" in name] == []


@pytest.mark.parametrize("module", [module for module in MODULES if Path(module).match("api/*/handlers.py")])
def test_a_handler_of_the_api_uses_no_other_nouns_handlers(module: str) -> None:
    own = f"engineroom.{Path(module).parent.as_posix().replace('/', '.')}"
    others = [
        name for name in imported_names(PACKAGE / module) if ".handlers" in name and not name.startswith(own)
    ]

    assert others == []


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("store/queries/")])
def test_queries_know_no_others_but_those_that_they_are_made_of(module: str) -> None:
    prefix = "engineroom.store.queries."
    known = {
        name.removeprefix(prefix) for name in imported_names(PACKAGE / module) if name.startswith(prefix)
    }
    made_of = QUERIES.get(module, set())

    assert {name for name in known if not is_within(name, made_of | {"paging"})} == set()
    assert {one for one in made_of if not any(is_within(name, {one}) for name in known)} == set()


def is_within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) in STANDARD_LIBRARY_ONLY])
def test_a_file_of_the_model_or_the_keeper_needs_only_the_standard_library(module: str) -> None:
    roots = {name.split(".")[0] for name in imported_names(PACKAGE / module)}

    assert roots <= sys.stdlib_module_names | {"engineroom"}
