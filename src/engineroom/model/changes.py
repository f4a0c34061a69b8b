"""Changes: which fields of something differ before and after, as operations tell of them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engineroom.model.applications.application import Application
from engineroom.model.applications.environment import Environment
from engineroom.model.instances.instance import Instance
from engineroom.model.processes.background_process import BackgroundProcess


def shown_config(background_process: BackgroundProcess) -> dict[str, str | int | bool | None] | list[None]:
    """Return the config as the contract shows it: twelve keys, or an empty list for a custom process (section 2.4)."""
    return [] if background_process.config is None else background_process.config.as_contract()


def changes(
    before: BackgroundProcess | None, after: BackgroundProcess | None
) -> Mapping[str, tuple[Any, Any]]:
    """Return each field that differs, with its values before and after; None stands for a process that is not there."""
    old, new = _shown(before), _shown(after)
    if before is not None and after is not None:
        # Nobody sets it, so it is no part of what is created or deleted.
        old["generation"], new["generation"] = before.generation, after.generation
        old["lifecycle"], new["lifecycle"] = before.lifecycle.given(), after.lifecycle.given()
    return {
        field: (old.get(field), new.get(field)) for field in (new or old) if old.get(field) != new.get(field)
    }


def _shown(background_process: BackgroundProcess | None) -> dict[str, Any]:
    if background_process is None:
        return {}
    return {
        "type": background_process.type.value,
        "processes": background_process.processes,
        "command": background_process.command,
        "config": shown_config(background_process),
        "strategy_type": background_process.strategy_type.value,
        "strategy_threshold": background_process.strategy_threshold,
    }


Changeable = Application | Environment | Instance
_NEVER_TOLD = ("id", "created_at", "variables")
"""The first two never change; variables may be secrets, so only their keys are ever told."""


def fields_changed(before: Changeable | None, after: Changeable | None) -> Mapping[str, tuple[Any, Any]]:
    """Return each field that differs, with its values before and after; None stands for what is not there."""
    old, new = _fields(before), _fields(after)
    names = [name for name in (new or old) if name not in _NEVER_TOLD]
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _fields(of: Changeable | None) -> dict[str, Any]:
    if of is None:
        return {}
    found = asdict(of)
    return {**found, **found.pop("settings", {})}
