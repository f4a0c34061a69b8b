"""What is to be scaled: background processes that follow a queue, or may sleep, with all that decides how."""

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from engineroom.model.environment import EnvironmentStatus
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.store import scales as scales_of
from engineroom.store import wanted as wanted_rows
from engineroom.store.tables import background_processes, environments, instances, scales, scaling_settings
from engineroom.store.wanted import Wanted

_SETTINGS = (
    select(background_processes.c.id.label("process_id"), scaling_settings, scales.c.number)
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


def scaled(connection: Connection, host: str | None = None) -> list[Scaled]:
    """Return all of them, oldest first; with a host, those that it has claimed.

    In an environment that does not run, nothing is scaled.
    """
    settings = {row.process_id: row for row in connection.execute(_SETTINGS)}
    if not settings:
        return []
    return [
        Scaled(
            wanted=row,
            settings=scales_of.settings_from_row(settings[row.background_process.id]),
            scale=settings[row.background_process.id].number,
        )
        for row in wanted_rows.wanted(connection, list(settings), host)
    ]
