"""Background processes in answers (contract sheet, section 2.2)."""

from collections.abc import Mapping
from typing import Literal

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Timestamp, timestamp
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.changes import shown_config
from engineroom.model.processes.background_process import (
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)


class BackgroundProcessAttributes(Attributes):
    """What is shown of a background process; `config` is an empty list for a custom one."""

    type: BackgroundProcessType
    processes: int
    command: str
    config: dict[str, str | int | bool | None] | list[None]
    strategy_type: Literal["none", "growth_rate", "queue_size"] | None
    strategy_threshold: int | None
    created_at: Timestamp


_SHOWN: Mapping[StrategyType, Literal["none", "growth_rate", "queue_size"]] = {
    StrategyType.NONE: "none",
    StrategyType.GROWTH_RATE: "growth_rate",
    StrategyType.QUEUE_SIZE: "queue_size",
    # Clients of the contract know no other. It does follow the queue; the seconds would be taken for a number of jobs.
    StrategyType.LATENCY: "queue_size",
}

TYPE = ResourceType("background_processes", BackgroundProcessAttributes)


def show(_viewer: Viewer, background_process: BackgroundProcess) -> Resource:
    """Return the resource of a background process."""
    return Resource(background_process.id, TYPE.name, attributes(background_process))


def attributes(background_process: BackgroundProcess) -> BackgroundProcessAttributes:
    """Return the seven attributes."""
    return BackgroundProcessAttributes(
        type=background_process.type,
        processes=background_process.processes,
        command=background_process.command,
        config=shown_config(background_process),
        strategy_type=_SHOWN[background_process.strategy_type],
        strategy_threshold=None
        if background_process.strategy_type is StrategyType.LATENCY
        else background_process.strategy_threshold,
        created_at=timestamp(background_process.created_at),
    )
