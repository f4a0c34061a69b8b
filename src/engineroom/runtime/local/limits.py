"""The limits of this host's replicas, as the keeper was told them."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from engineroom.model.processes.run import Run
from engineroom.model.processes.workload import Workload
from engineroom.runtime.local import translation
from engineroom.runtime.local.messages import Hello
from engineroom.runtime.local.mirror import Mirror

JsonObject = dict[str, Any]

_UNLIMITED_BY_OLD_KEEPER = dict.fromkeys(
    ("memory", "cpu", "processes"), "the keeper that runs is an old one; upgrade it"
)
_log = structlog.get_logger()


class LimitsTold:
    """Remembers what the keeper knows of each replica, so that it hears only of what is new."""

    def __init__(self) -> None:
        self.unlimited: Mapping[str, str] = {}
        """Of memory, cpu and processes why they cannot be limited here, where they cannot."""
        self._told: dict[str, JsonObject] = {}

    def begin_anew(self, hello: Hello) -> None:
        """Take in what a keeper that was just greeted can limit; it has been told nothing yet."""
        self._told.clear()
        self.unlimited = _UNLIMITED_BY_OLD_KEEPER if hello.unlimited is None else hello.unlimited
        for what, reason in self.unlimited.items():
            _log.warning("Processes run without a limit.", action="limits.unenforced", of=what, reason=reason)

    def of_starts(self, starts: Iterable[tuple[JsonObject, Workload | Run]]) -> JsonObject:
        """Return the limits that go with specs that are about to be started."""
        groups = {spec["group"]: translation.limits(what) for spec, what in starts if spec.get("group")}
        self._told |= groups
        return groups

    def changed(self, workloads: Iterable[Workload], mirror: Mirror) -> JsonObject:
        """Return the limits that have changed, of replicas in which something runs; they count as told."""
        found = {}
        for workload in workloads:
            for occupant in mirror.occupants(workload.background_process):
                group, limits = (
                    translation.group(workload, occupant.slot.replica),
                    translation.limits(workload),
                )
                if group and self._told.get(group) != limits:
                    self._told[group] = found[group] = limits
        return found
