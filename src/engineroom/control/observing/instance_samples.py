"""The samples of instances: those of their background processes, added up."""

from collections.abc import Iterable
from dataclasses import fields

from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.store.queries.wanted import Wanted
from engineroom.telemetry.metrics.sample import Sample


def of_instances(rows: Iterable[Wanted], observed: Iterable[ObservedBackgroundProcess]) -> dict[str, Sample]:
    """Return the sample of each instance."""
    replicas = {row.background_process.instance_id: row.replicas for row in rows}
    found: dict[str, Sample] = {}
    for each in observed:
        before = found.get(each.instance, Sample(replicas=replicas[each.instance]))
        found[each.instance] = _sum(before, each.sample)
    return found


def _sum(first: Sample, second: Sample) -> Sample:
    pairs = (
        (field.name, getattr(first, field.name), getattr(second, field.name)) for field in fields(Sample)
    )
    return Sample(**{name: _plus(one, other) for name, one, other in pairs})


def _plus(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
