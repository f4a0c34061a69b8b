"""The log store: what processes wrote, kept in the data folder, searched, and followed while it is written."""

from engineroom.telemetry.logs.store import LogStore

__all__ = ["LogStore"]
