"""What is to be scaled: background processes that follow a queue, or may sleep, with all that decides how."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, or_, select

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.instances.instance import InstanceType
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.scaling import sleep
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries import wanted as wanted_rows
from engineroom.store.queries.scaling import scales as scales_of
from engineroom.store.queries.wanted import Wanted
from engineroom.store.schema.tables import (
    background_processes,
    environments,
    instances,
    scales,
    scaling_settings,
)

_SETTINGS = (
    select(
        background_processes.c.id.label("process_id"),
        scaling_settings,
        scales.c.number,
        environments.c.hibernation_timeout_minutes,
        instances.c.type.label("instance_type"),
        instances.c.sleep_with_app,
    )
    .outerjoin(scaling_settings, scaling_settings.c.background_process_id == background_processes.c.id)
    .outerjoin(scales, scales.c.subject_id == background_processes.c.id)
    .join(instances, instances.c.id == background_processes.c.instance_id)
    .join(environments, environments.c.id == instances.c.environment_id)
    .where(
        background_processes.c.deleted_at.is_(None),
        environments.c.status == EnvironmentStatus.RUNNING,
        or_(
            background_processes.c.strategy_type != "none",
            scaling_settings.c.sleep_after_seconds.is_not(None),
            environments.c.hibernation_timeout_minutes.is_not(None),
            scales.c.number.is_not(None),
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A background process whose scale is decided, what is asked for of that, and the present scale, None for as asked."""

    wanted: Wanted
    settings: ScalingSettings
    scale: int | None

    @property
    def decided(self) -> bool:
        """Whether there is anything to decide: it follows a queue, may sleep, or has a scale from when it did."""
        follows = self.wanted.background_process.strategy_type is not StrategyType.NONE
        return follows or self.settings.sleep_after_seconds is not None or self.scale is not None


def scaled(connection: Connection, host: str | None = None) -> list[Scaled]:
    """Return all of them, oldest first; with a host, those that it has claimed.

    In an environment that does not run, nothing is scaled.
    """
    found = {row.process_id: row for row in connection.execute(_SETTINGS)}
    if not found:
        return []
    rows = [
        Scaled(
            wanted=row,
            settings=_settings(row.background_process, found[row.background_process.id]),
            scale=found[row.background_process.id].number,
        )
        for row in wanted_rows.wanted_and_readable(connection, found, host)
    ]
    return [row for row in rows if row.decided]


def _settings(background_process: BackgroundProcess, row: AnyRow) -> ScalingSettings:
    """Return what is asked for, with the sleep that follows from the hibernation of the environment."""
    asked = scales_of.settings_from_row(row)
    seconds = sleep.after_seconds(
        asked,
        hibernation_timeout_minutes=row.hibernation_timeout_minutes,
        with_app=row.instance_type == InstanceType.APP or bool(row.sleep_with_app),
        takes_jobs=background_process.config is not None or bool(asked.connection or asked.queue),
    )
    return replace(asked, sleep_after_seconds=seconds)
