"""What is seen of everything that runs: logs, metrics, alerts."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from engineroom.telemetry.alerts.config import AlertSettings
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.retention import Retention
from engineroom.telemetry.metrics import MetricStore
from engineroom.telemetry.otlp import Collector
from engineroom.telemetry.proven_clock import ProvenClock


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a server keeps of what it sees, all of it in one folder, and whom it tells."""

    folder: Path
    logs: LogStore
    metrics: MetricStore
    alerts: AlertSettings
    clock: ProvenClock
    """By which old things are removed, also by others."""

    collector: Collector | None = None
    """Where figures are sent to, besides being kept."""

    @classmethod
    def open(
        cls, folder: Path, retention: Retention, alerts: AlertSettings, collector: Collector | None = None
    ) -> Self:
        """Return what is kept in the folder, made where it is missing. Raises OSError and sqlite3.Error."""
        folder.mkdir(mode=0o700, exist_ok=True)
        files = folder / "logs.db", folder / "metrics.db"
        clock = ProvenClock.open(folder / "clock.json", files)
        logs = LogStore.open(files[0], retention, clock.now)
        return cls(folder, logs, MetricStore.open(files[1], clock.now), alerts, clock, collector)

    def close(self) -> None:
        """Write what is gathered, and close everything."""
        self.metrics.close(time.time())
        self.logs.close()
