"""Queries of the present scale, and of what is asked for of scaling."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.scaling.settings import DEFAULT_SCALING_SETTINGS, ScalingSettings
from engineroom.store.databases.rows import AnyRow
from engineroom.store.schema.tables import scales, scaling_settings

_FIELDS = ("dry_run", "restart_when_stalled", "connection", "queue", "sleep_after_seconds")

_UPDATE = update(scales).where(scales.c.subject_id == bindparam("of_subject"))
_INSERT = insert(scales)
_DELETE = delete(scales).where(scales.c.subject_id.in_(bindparam("ids", expanding=True)))
_SETTINGS = select(scaling_settings).where(scaling_settings.c.background_process_id == bindparam("id"))
_UPDATE_SETTINGS = update(scaling_settings).where(scaling_settings.c.background_process_id == bindparam("of"))
_INSERT_SETTINGS = insert(scaling_settings)


def put(connection: Connection, numbers: Mapping[str, int], at: datetime) -> None:
    """Store the present scale of each of these."""
    for subject, number in numbers.items():
        fields = {"number": number, "changed_at": at}
        if connection.execute(_UPDATE, {"of_subject": subject, **fields}).rowcount == 0:
            connection.execute(_INSERT, {"subject_id": subject, **fields})


def forget(connection: Connection, subjects: Sequence[str]) -> None:
    """Drop the scale of these: they are what was asked for again."""
    connection.execute(_DELETE, {"ids": list(subjects)})


def settings(connection: Connection, background_process_id: BackgroundProcessId) -> ScalingSettings:
    """Return what is asked for of the scaling of a background process."""
    row = connection.execute(_SETTINGS, {"id": background_process_id}).one_or_none()
    return DEFAULT_SCALING_SETTINGS if row is None else settings_from_row(row)


def put_settings(
    connection: Connection, background_process_id: BackgroundProcessId, given: ScalingSettings
) -> None:
    """Store what is asked for of the scaling of a background process."""
    fields = {name: getattr(given, name) for name in _FIELDS}
    changed = connection.execute(_UPDATE_SETTINGS, {"of": background_process_id, **fields})
    if changed.rowcount == 0:
        connection.execute(_INSERT_SETTINGS, {"background_process_id": background_process_id, **fields})


def settings_from_row(row: AnyRow) -> ScalingSettings:
    """Return the settings in a row that has all of their columns, or nulls where there are none."""
    if row.dry_run is None:
        return DEFAULT_SCALING_SETTINGS
    return ScalingSettings(**{name: getattr(row, name) for name in _FIELDS})
