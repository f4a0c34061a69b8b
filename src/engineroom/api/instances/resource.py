"""Instances in answers (contract sheet, section 3.2)."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Timestamp, timestamp
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.instances.instance import Instance, InstanceType, ScalingType


class InstanceAttributes(Attributes):
    """What is shown of an instance. What only managed queues have is null."""

    name: str
    type: InstanceType
    size: str
    scaling_type: ScalingType
    min_replicas: int
    max_replicas: int
    queue_status: str | None
    paused: bool | None
    is_default: bool | None
    visibility_timeout: int | None
    polling_interval: int | None
    shutdown_timeout: int | None
    uses_scheduler: bool
    sleep_with_app: bool | None
    scaling_cpu_threshold_percentage: int | None
    scaling_memory_threshold_percentage: int | None
    created_at: Timestamp


TYPE = ResourceType("instances", InstanceAttributes)


def show(_viewer: Viewer, instance: Instance) -> Resource:
    """Return the resource of an instance."""
    return Resource(
        instance.id,
        TYPE.name,
        InstanceAttributes(
            name=instance.name,
            type=instance.type,
            size=instance.size,
            scaling_type=instance.scaling_type,
            min_replicas=instance.min_replicas,
            max_replicas=instance.max_replicas,
            queue_status=None,
            paused=None,
            is_default=None,
            visibility_timeout=None,
            polling_interval=None,
            shutdown_timeout=instance.shutdown_timeout_seconds,
            uses_scheduler=instance.uses_scheduler,
            sleep_with_app=instance.sleep_with_app,
            scaling_cpu_threshold_percentage=instance.scaling_cpu_threshold_percentage,
            scaling_memory_threshold_percentage=instance.scaling_memory_threshold_percentage,
            created_at=timestamp(instance.created_at),
        ),
    )
