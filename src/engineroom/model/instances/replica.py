"""A replica: one of the equal copies of an instance, in which its processes run and whose size limits them together."""

from dataclasses import dataclass

from engineroom.model.ids import InstanceId
from engineroom.model.instances.limits import Limits, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """What a runtime knows of one replica. `number` counts from 1; `running` and `draining` are numbers of processes.

    `usage` is None until it was first counted.
    """

    instance: InstanceId
    number: int
    limits: Limits
    usage: Usage | None
    running: int
    draining: int
