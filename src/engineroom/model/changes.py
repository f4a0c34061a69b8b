"""Changes: which fields of a background process differ before and after, as the contract shows them."""

from collections.abc import Mapping
from typing import Any

from engineroom.model.background_process import BackgroundProcess


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
