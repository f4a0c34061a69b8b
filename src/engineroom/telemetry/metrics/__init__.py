"""The history of what is measured: every ten seconds for a day, every five minutes for a month, in bounded space."""

from engineroom.telemetry.metrics.store import MetricStore

__all__ = ["MetricStore"]
