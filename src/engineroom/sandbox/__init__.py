"""What belongs to tenants is read, run and connected to here: by processes that have the tenant's rights, and limits.

A fork server (`fork_server.py`, a program of its own) makes a process for each task; it becomes the tenant's user before it
looks at anything of his. `Sandbox` is the server's side of it.
"""

from engineroom.sandbox.cgroup_base import unlimited
from engineroom.sandbox.errors import RanOutError, SandboxError
from engineroom.sandbox.limits import OUT_OF_MEMORY, TaskLimits
from engineroom.sandbox.program import Ran, TenantCommand
from engineroom.sandbox.running import Running
from engineroom.sandbox.sandbox import Sandbox
from engineroom.sandbox.task import Question, Service
from engineroom.sandbox.tenant import Account, Tenant
from engineroom.sandbox.where import WHERE
from engineroom.sandbox.wording import in_a_line

__all__ = [
    "OUT_OF_MEMORY",
    "WHERE",
    "Account",
    "Question",
    "Ran",
    "RanOutError",
    "Running",
    "Sandbox",
    "SandboxError",
    "Service",
    "TaskLimits",
    "Tenant",
    "TenantCommand",
    "in_a_line",
    "unlimited",
]
