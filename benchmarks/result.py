"""What a benchmark has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENGINEROOM = "engineroom"
"""The contender that the aims are for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The most that engineroom should need, or the least that it should reach; `reason` says where a limit comes from."""

    limit: float
    reason: str = ""
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One line of a table: the same figure of each contender that has it."""

    name: str
    unit: str
    figures: Mapping[str, float]
    aim: Aim | None = None

    @property
    def aim_is_met(self) -> bool | None:
        """Whether engineroom reached its aim; None without an aim, or without engineroom."""
        figure = self.figures.get(ENGINEROOM)
        if self.aim is None or figure is None:
            return None
        return figure >= self.aim.limit if self.aim.at_least else figure <= self.aim.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One table. `notes` say how it was measured and which contender is left out, with the reason."""

    name: str
    title: str
    contenders: Sequence[str]
    measures: Sequence[Measure]
    notes: Sequence[str]
