"""What is measured of a background process or an instance at one moment."""

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The figures of one moment. None is what is not known, and never zero.

    `cpu` counts processors in use, `restarts` those since the sample before, `oldest_age_seconds` how long the first job of
    the queue has waited, `throughput` the jobs taken a minute.
    """

    cpu: float | None = None
    memory_bytes: float | None = None
    replicas: float | None = None
    running: float | None = None
    draining: float | None = None
    backing_off: float | None = None
    restarts: float | None = None
    queue_length: float | None = None
    oldest_age_seconds: float | None = None
    throughput: float | None = None
    failed_jobs: float | None = None

    def values(self) -> tuple[float | None, ...]:
        """Return the figures in the order of METRICS."""
        return astuple(self)


METRICS = tuple(field.name for field in fields(Sample))
"""The names of what is measured. Their order is on disk: new ones come last."""

COUNTED = frozenset({"restarts"})
"""What is counted anew from sample to sample: over a longer time it is added up, where the others have a mean."""
