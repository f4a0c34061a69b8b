"""A run: a command that is carried out once, on one replica of an instance, and then is over."""

from collections.abc import Mapping
from dataclasses import dataclass

from engineroom.model.exits import Exit
from engineroom.model.ids import RunId

OUTPUT_KEPT_BYTES = 65_536
"""How much of the end of what it printed is kept."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is to be carried out. The variables are as of a `Workload`."""

    id: RunId
    argv: tuple[str, ...]
    signal_group: bool
    working_directory: str
    inherited_variables: Mapping[str, str]
    variables: Mapping[str, str]
    replica: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that is over: how it ended, and the end of what it printed, both streams as they came."""

    id: RunId
    exit: Exit
    output: str
