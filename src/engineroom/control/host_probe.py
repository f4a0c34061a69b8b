"""What the control plane is told of the world around it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engineroom.model.applications.folder import FolderGrant
from engineroom.model.ids import OrganizationId
from engineroom.model.instances.capacity import UNKNOWN, Capacity
from engineroom.model.processes.activity import Activity
from engineroom.model.scaling.host import Host
from engineroom.queues.networks import ANY_NETWORK, Networks


def _no_host() -> Host | None:
    return None


def _no_capacity() -> Capacity:
    return UNKNOWN


def _any_folder(_organization: OrganizationId) -> Sequence[FolderGrant]:
    return [FolderGrant(path="/", user=None)]


def _no_activity(_pid: int) -> Activity | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProbe:
    """`host` tells what the host can carry, where that bounds the scale; `activity` what the process of a pid has done.

    `capacity` tells what all that runs here may use: what an instance of the host's size has.

    `clock` only goes forward, whatever happens to the host's. Without any of it nothing is known, and nothing bounds.
    `host_name` is what people call this host, `queue_networks` are those that queues may be in. `folders` tells which ones
    an organization may run code in: where nobody administers a host, any. The list of them is in `keeper_folder`.
    """

    host: Callable[[], Host | None] = _no_host
    capacity: Callable[[], Capacity] = _no_capacity
    activity: Callable[[int], Activity | None] = _no_activity
    clock: Callable[[], float] = time.monotonic
    host_name: str = "here"
    queue_networks: Networks = ANY_NETWORK
    keeper_folder: str | None = None
    folders: Callable[[OrganizationId], Sequence[FolderGrant]] = _any_folder


UNKNOWN_HOST = HostProbe()
