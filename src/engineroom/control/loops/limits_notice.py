"""Tells once what limits a background process, when it is first started and whenever that changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engineroom.control.outbox import Outbox
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.model.instances.limits import UNLIMITED, limits_told
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import Runtime
from engineroom.store import Store
from engineroom.store.queries import events

KIND = "limits.set"


@dataclass(frozen=True, slots=True)
class _Fact:
    """What an event of ours says: the size, and what of its limits this host does not keep, with the reasons."""

    size: str
    unenforced: Mapping[str, str]


class LimitsNotices:
    """Remembers what was told of each; what is not known any more after a restart is looked up among the events."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime
        self._told: dict[BackgroundProcessId, _Fact] = {}
        self._outbox = Outbox(store)

    async def tell(self, workloads: Iterable[Workload]) -> None:
        """Record an event for each that is to run and whose limits are not what was told of it last."""
        facts = {each.background_process: fact for each in workloads if (fact := self._fact(each))}
        news = {id: fact for id, fact in facts.items() if self._told.get(id) != fact}
        unknown = [id for id in news if id not in self._told]
        if unknown:
            found = await self._store.read(lambda connection: events.last_data(connection, KIND, unknown))
            self._told |= {id: _Fact(data["size"], data["unenforced"]) for id, data in found.items()}
        new = [_event(id, fact) for id, fact in news.items() if self._told.get(id) != fact]
        self._told |= news
        await self._outbox.flush(new)

    def forget(self, background_process: BackgroundProcessId) -> None:
        """Take in that a background process is gone for good."""
        self._told.pop(background_process, None)

    def _fact(self, workload: Workload) -> _Fact | None:
        if not workload.processes or workload.size is None:
            return None
        missing = {} if workload.limits == UNLIMITED else dict(self._runtime.capabilities.unlimited)
        return _Fact(workload.size, missing)


def _event(id: BackgroundProcessId, fact: _Fact) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=id,
        kind=KIND,
        message=f"{limits_told(fact.size, fact.unenforced)}.",
        data={"size": fact.size, "unenforced": dict(fact.unenforced)},
        at=datetime.now(UTC),
    )
