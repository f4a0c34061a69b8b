"""Replicas in answers; they are ours."""

from msgspec import Struct

from engineroom.api.documents import Attributes, Resource
from engineroom.api.resources.process import ShownUsage, show_usage
from engineroom.api.shapes import ResourceType
from engineroom.model.replica import Replica


class ShownLimits(Struct):
    """What all processes of a replica may use together; null: as much as there is."""

    memory_bytes: int | None
    cpus: float | None
    processes: int | None


class ReplicaAttributes(Attributes):
    """What is shown of one replica."""

    number: int
    running: int
    draining: int
    limits: ShownLimits
    usage: ShownUsage | None


TYPE = ResourceType("replicas", ReplicaAttributes)


def show(replica: Replica) -> Resource:
    """Return the resource of one replica; its id is its instance's and its number."""
    limits = replica.limits
    return Resource(
        f"{replica.instance}.{replica.number}",
        TYPE.name,
        ReplicaAttributes(
            number=replica.number,
            running=replica.running,
            draining=replica.draining,
            limits=ShownLimits(limits.memory_bytes, limits.cpus, limits.processes),
            usage=show_usage(replica.usage),
        ),
    )
