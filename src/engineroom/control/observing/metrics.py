"""The metrics of this moment, for Prometheus and OpenTelemetry."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from engineroom import __version__
from engineroom.control.observing.alert_evaluation import AlertEvaluation
from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.runtime.base import Runtime
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.metrics.sample import Sample
from engineroom.telemetry.prometheus import NO_LABELS, Labels, Metric, labelled

_STATES = ("running", "draining", "backing_off")
_KEPT = 5000
_MAX_NAME_LENGTH = 120
"""A label is in every line of every scrape."""

_GAUGES: tuple[tuple[str, str, Callable[[Sample], float | None]], ...] = (
    ("cpu_cores", "Processors in use.", lambda sample: sample.cpu),
    ("memory_bytes", "Memory in use.", lambda sample: sample.memory_bytes),
    ("queue_jobs", "Jobs that a worker could take now.", lambda sample: sample.queue_length),
    (
        "queue_oldest_age_seconds",
        "How long the first job of the queue has waited.",
        lambda sample: sample.oldest_age_seconds,
    ),
    (
        "queue_throughput_jobs_per_second",
        "Jobs that workers took a second.",
        lambda sample: None if sample.throughput is None else sample.throughput / 60,
    ),
    ("queue_failed_jobs", "Failed jobs that are kept.", lambda sample: sample.failed_jobs),
)


class CurrentMetrics:
    """The metrics of what was observed last, with those of the server itself."""

    def __init__(self, alerts: AlertEvaluation, logs: LogStore, runtime: Runtime) -> None:
        self._alerts = alerts
        self._logs = logs
        self._runtime = runtime

    def of(self, observed: Sequence[ObservedBackgroundProcess]) -> list[Metric]:
        """Return the metrics of these background processes."""
        return metrics_of(
            observed,
            firing=len(self._alerts.firing),
            followers=self._logs.followers,
            reachable=not self._runtime.missed,
        )


def metrics_of(
    observed: Sequence[ObservedBackgroundProcess], *, firing: int, followers: int, reachable: bool = True
) -> list[Metric]:
    """Return the metrics. Their labels are ids with names beside: as many as there are background processes."""
    pairs = [
        (_labels(each.background_process, each.instance, each.environment, _names(each)), each)
        for each in observed
    ]

    def of_each(
        value: Callable[[ObservedBackgroundProcess], float | None],
    ) -> list[tuple[Labels, float | None]]:
        return [(labels, value(each)) for labels, each in pairs]

    return [
        Metric(
            "engineroom_build_info",
            "gauge",
            "The version that runs.",
            [(labelled({"version": __version__}), 1)],
        ),
        Metric("engineroom_alerts_firing", "gauge", "Alerts that fire.", [(NO_LABELS, firing)]),
        Metric(
            "engineroom_keeper_reachable",
            "gauge",
            "Whether the keeper answers; while it does not, nobody knows what its processes do.",
            [(NO_LABELS, int(reachable))],
        ),
        Metric("engineroom_log_followers", "gauge", "Clients that follow a log.", [(NO_LABELS, followers)]),
        Metric(
            "engineroom_background_process_processes",
            "gauge",
            "Processes, by their state.",
            list(_by_state(pairs)),
        ),
        Metric(
            "engineroom_background_process_missing_processes",
            "gauge",
            "How many processes less than wanted are running.",
            of_each(lambda each: each.missing),
        ),
        Metric(
            "engineroom_background_process_crash_looping_processes",
            "gauge",
            "Processes that die again and again.",
            of_each(lambda each: each.crash_looping),
        ),
        Metric(
            "engineroom_background_process_restarts_total",
            "counter",
            "Lives after the first that processes began, since the server started.",
            of_each(lambda each: each.restarts_total),
        ),
        *(
            Metric(
                f"engineroom_background_process_{name}",
                "gauge",
                text,
                of_each(lambda each, value=value: value(each.sample)),  # type: ignore[misc]
            )
            for name, text, value in _GAUGES
        ),
    ]


def _by_state(
    pairs: Iterable[tuple[Labels, ObservedBackgroundProcess]],
) -> Iterable[tuple[Labels, float | None]]:
    for labels, each in pairs:
        for state in _STATES:
            yield _with_state(labels, state), getattr(each.sample, state)


# They are the same at every scrape, and take longer to write than everything else.
@lru_cache(_KEPT)
def _labels(
    background_process: BackgroundProcessId,
    instance: InstanceId,
    environment: EnvironmentId,
    names: tuple[tuple[str, str], ...],
) -> Labels:
    ids = {"background_process": background_process, "instance": instance, "environment": environment}
    return labelled(ids | dict(names))


def _names(observed: ObservedBackgroundProcess) -> tuple[tuple[str, str], ...]:
    return (
        ("application_name", observed.application_name[:_MAX_NAME_LENGTH]),
        ("environment_name", observed.environment_name[:_MAX_NAME_LENGTH]),
        ("command", observed.name[:_MAX_NAME_LENGTH]),
    )


@lru_cache(_KEPT * len(_STATES))
def _with_state(labels: Labels, state: str) -> Labels:
    return labels.and_("state", state)
