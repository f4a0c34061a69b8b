"""What is asked for of the scaling of one background process, beside its strategy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingSettings:
    """All of it is ours.

    With `dry_run` decisions are told and not carried out. With `restart_when_stalled` workers that have stalled are
    restarted. `connection` and `queue` say where a custom process takes its jobs from; a worker's own win. After
    `sleep_after_seconds` without work nothing is left running until a job waits; None: one process always runs.
    """

    dry_run: bool = False
    restart_when_stalled: bool = False
    connection: str | None = None
    queue: str | None = None
    sleep_after_seconds: int | None = None


DEFAULT_SCALING_SETTINGS = ScalingSettings()
