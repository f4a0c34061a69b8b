"""Logs and metrics of an environment in answers (contract sheet, sections 4.7 and 4.8)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct


class LogLevel(StrEnum):
    """Contract sheet, section 4.7."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    DEBUG = "debug"


class LogType(StrEnum):
    """Contract sheet, section 4.7."""

    ACCESS = "access"
    APPLICATION = "application"
    EXCEPTION = "exception"
    SYSTEM = "system"


class LogFilter(StrEnum):
    """Which entries are asked for (contract sheet, section 4.7)."""

    ALL = "all"
    APPLICATION = "application"
    ACCESS = "access"


class LogEntry(Struct):
    """One entry. `logged_at` has no fraction."""

    message: str
    level: LogLevel
    type: LogType
    logged_at: str
    data: Mapping[str, Any] | None


class LogMeta(Struct, rename={"from_": "from"}):
    """What was asked for, and where the next page begins."""

    cursor: str | None
    type: LogFilter
    from_: str
    to: str


class Logs(Struct):
    """The answer: it is no JSON:API document."""

    data: list[LogEntry]
    meta: LogMeta


def without_fraction(at: datetime) -> str:
    """Return a moment as logs have it: `2026-04-09T14:02:46Z`."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


class MetricPoint(Struct):
    """The figures of one moment, one for each label."""

    x: str
    y: list[float]


class Metric(Struct):
    """The history of one figure."""

    labels: list[str]
    data: list[MetricPoint]
    average: list[float]
    min: list[float]
    max: list[float]


class Metrics(Struct):
    """The histories that the contract has."""

    cpu_usage: Metric
    memory_usage: Metric
    http_response_count: Metric
    replica_count: Metric
    web_workers_count: Metric


class MetricsMeta(Struct):
    """What was asked for, and what can be."""

    period: str
    available_periods: list[str]


class EnvironmentMetrics(Struct):
    """The answer: it is no JSON:API document."""

    data: Metrics
    meta: MetricsMeta
