"""Replicas in answers; they are ours."""

from engineroom.api.background_processes.process import ShownLimits, ShownUsage, show_limits, show_usage
from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.shapes import ResourceType
from engineroom.model.instances.replica import Replica


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
    return Resource(
        f"{replica.instance}.{replica.number}",
        TYPE.name,
        ReplicaAttributes(
            number=replica.number,
            running=replica.running,
            draining=replica.draining,
            limits=show_limits(replica.limits),
            usage=show_usage(replica.usage),
        ),
    )
