"""What sleeps with the app (`sleep_with_app`, contract sheet, section 3.3).

The app sleeps while the app instance has background processes, and every one of them sleeps for want of work.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, and_, bindparam, or_, select

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.instance import InstanceType
from engineroom.store.tables import background_processes, instances, scales

_APP = instances.alias("app_instances")
_OF_APP = background_processes.alias("background_processes_of_app")
_SCALES = scales.alias("scales_of_app")

_ALL = (
    select(_OF_APP.c.id)
    .join(_APP, _APP.c.id == _OF_APP.c.instance_id)
    .outerjoin(_SCALES, _SCALES.c.subject_id == _OF_APP.c.id)
    .where(
        _APP.c.environment_id == instances.c.environment_id,
        _APP.c.type == InstanceType.APP,
        _OF_APP.c.deleted_at.is_(None),
    )
    .correlate(instances)
)
_AWAKE = _ALL.where(or_(_SCALES.c.number.is_(None), _SCALES.c.number != 0))

ASLEEP_WITH_APP = and_(
    instances.c.sleep_with_app.is_(True),
    instances.c.type == InstanceType.SERVICE,
    _ALL.exists(),
    ~_AWAKE.exists(),
)
"""Whether an instance of a query sleeps because the app of its environment does."""

_WITH_APP = (
    select(background_processes.c.id)
    .join(instances, instances.c.id == background_processes.c.instance_id)
    .where(
        instances.c.sleep_with_app.is_(True),
        instances.c.environment_id.in_(
            select(_APP.c.environment_id)
            .join(_OF_APP, _OF_APP.c.instance_id == _APP.c.id)
            .where(_OF_APP.c.id.in_(bindparam("ids", expanding=True)))
        ),
    )
)


def sleeping_with_app(
    connection: Connection, ids: Iterable[BackgroundProcessId]
) -> list[BackgroundProcessId]:
    """Return those that sleep and wake with the app, in the environments that these are in."""
    return list(connection.execute(_WITH_APP, {"ids": list(ids)}).scalars())
