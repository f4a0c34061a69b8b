"""What the server, its fork server and the processes of tasks say to each other, as JSON."""

import msgspec

from engineroom.sandbox.limits import TaskLimits
from engineroom.sandbox.tenant import Tenant


class TaskLaunch(msgspec.Struct, tag="launch", frozen=True, kw_only=True):
    """To the fork server, with a socket: begin a task, which has this number from now on."""

    number: int
    task: str
    tenant: Tenant
    limits: TaskLimits
    modules: tuple[str, ...] = ()
    keeper: str | None = None


class End(msgspec.Struct, tag="end", frozen=True):
    """To the fork server: kill the task of this number, if it is still there."""

    number: int


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """From the fork server: a task is no more. `late` when that was for its time; `code` is as of subprocess."""

    number: int
    code: int
    late: bool = False


class Started(msgspec.Struct, tag="started", frozen=True):
    """From a task, before it has seen anything of its tenant's: whom it has become."""

    uid: int
    gid: int


class Refused(msgspec.Struct, tag="refused", frozen=True):
    """From a task instead: why it cannot begin."""

    why: str


class TaskAnswer(msgspec.Struct, tag="answer", frozen=True):
    """From a task: what its question is answered with."""

    value: msgspec.Raw


class Failure(msgspec.Struct, tag="failure", frozen=True):
    """From a task: why its question cannot be answered."""

    why: str
