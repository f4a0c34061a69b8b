"""This host as a runtime: slots planned here, processes kept by the keeper."""

from engineroom.runtime.local import activity
from engineroom.runtime.local.capacity import LocalCapacity
from engineroom.runtime.local.host import LocalHost
from engineroom.runtime.local.runtime import LocalRuntime

__all__ = ["LocalCapacity", "LocalHost", "LocalRuntime", "activity"]
