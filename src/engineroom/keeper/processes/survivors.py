"""What an earlier keeper has started and did not write down: it was lost with the journal, or never in it.

What is left of a process that is known, beside its present life, is ended as after every life. Of what belongs to none
that is known, nothing can be told but its marks, so it is asked to end as well: it would run beside its successor, unseen.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from engineroom.keeper import log
from engineroom.keeper.containment import containers
from engineroom.keeper.containment.birth_marks import Born
from engineroom.keeper.processes.lifecycle import State
from engineroom.keeper.processes.orphans import PATIENCE_SECONDS
from engineroom.keeper.processes.process import Spec, Subprocess, is_name
from engineroom.keeper.processes.supervisor import Supervisor

REASON = "the keeper found it running, and its journal knows nothing of it"

_NAMELESS = "unknown-"
_LABEL = "unknown"
"""Instead of the labels that it was started with."""


def nameless(born: Born) -> str:
    """Return the name of somebody whose marks do not tell whose he is."""
    return f"{_NAMELESS}{born.session}"


def take_in(supervisor: Supervisor, survivors: Mapping[str, list[Born]]) -> None:
    """End every process that an earlier keeper started and the journal does not know."""
    found = _unjournaled(supervisor, survivors)
    for id, held in found.items():
        process = supervisor.processes.get(id) or _unknown(supervisor, id, held)
        supervisor.found_left(process, held)
    if found:
        supervisor.rewrite_journal()


def _unknown(supervisor: Supervisor, id: str, held: Iterable[str]) -> Subprocess:
    log.write(
        "error",
        "keeper.unknown_found",
        "What an earlier keeper has started runs, and the journal knows nothing of it; it is asked to end.",
        process=id,
    )
    process = supervisor.add(_spec(id, held))
    supervisor.containers.adopt(process, wherever=True)
    process.state = State.BACKING_OFF
    process.orphans = dict.fromkeys(held, 0.0)
    supervisor.stop([id], timeout_seconds=PATIENCE_SECONDS, reason=REASON)
    return process


def _unjournaled(supervisor: Supervisor, survivors: Mapping[str, list[Born]]) -> dict[str, set[str]]:
    """Return by id the containers of which nothing is written, and in which there is somebody."""
    processes = supervisor.processes
    written = {
        held for each in processes.values() for held in (*each.orphans, each.container) if held is not None
    }
    found: defaultdict[str, set[str]] = defaultdict(set)
    seen: set[int] = set()
    for container, members in supervisor.containers.inhabited().items():
        seen.update(members)
        if container not in written:
            found[containers.owner(container, processes)[1]].add(container)
    for id, born in survivors.items():
        process = processes.get(id)
        for each in born:
            is_present = process is not None and process.pid is not None and each.is_of(process.life)
            container = containers.of_group(each.group)
            if each.pid not in seen and not is_present and container not in written:
                found[id if is_name(id) else nameless(each)].add(container)
    return found


def _spec(id: str, held: Iterable[str]) -> Spec:
    """Return what stands for the spec of something of which none is known."""
    group = next((containers.owner(each, ())[0] for each in held if containers.is_cell(each)), "")
    labels = {_LABEL: "true"}
    return Spec(
        id,
        [id],
        working_directory="/",
        environment={},
        signal_group=True,
        labels=labels,
        group=group,
        once=True,
    )
