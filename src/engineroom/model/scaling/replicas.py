"""How many replicas an instance needs, by the formula of Kubernetes' horizontal autoscaler."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from engineroom.model.scaling.observation import Decision
from engineroom.model.scaling.rails import REPLICA_DOWN_WINDOW_SECONDS, TOLERANCE, Rails

AUTO_CPU_PERCENTAGE = 70
AUTO_MEMORY_PERCENTAGE = 80
YOUNG_SECONDS = 30.0
"""A replica is not looked at before: starting costs more than running."""

OF_LIMIT = "the limit"
OF_HOST = "what the host has"


@dataclass(frozen=True, slots=True)
class ReplicaMetric:
    """What one metric says: how many percent `of` something each replica uses, None where not known, and the target."""

    name: str
    percentages: Sequence[float | None]
    target_percentage: int
    of: str = OF_LIMIT


@dataclass(slots=True)
class ReplicaScaler:
    """Decides for one instance."""

    rails: Rails = field(default_factory=lambda: Rails(REPLICA_DOWN_WINDOW_SECONDS))

    def decide(
        self,
        now_seconds: float,
        present: int,
        metrics: Sequence[ReplicaMetric],
        *,
        min_replicas: int,
        max_replicas: int,
    ) -> Decision:
        """Return how many replicas there should be: the largest number that a metric asks for."""
        known = [metric for metric in metrics if any(each is not None for each in metric.percentages)]
        if not known or not present:
            kept = min(max(present, min_replicas), max_replicas)
            why = "held: no replica's use is known" if metrics else "no thresholds"
            return Decision(before=present, processes=kept, needed=None, why=why)
        needs = [(needed(present, metric), metric) for metric in known]
        highest, metric = max(needs, key=lambda pair: pair[0])
        guided, bounded = self.rails.guide(now_seconds, present, highest)
        processes = min(max(guided, min_replicas), max_replicas)
        limit = f"between {min_replicas} and {max_replicas}" if processes != guided else bounded
        return Decision(
            before=present, processes=processes, needed=highest, why=_words(metric), bounded=limit
        )


def needed(present: int, metric: ReplicaMetric) -> float:
    """Return how many replicas bring the metric to its target (Kubernetes documentation, HPA, algorithm details).

    A replica whose use is not known counts as fully used when there would be fewer, and as unused when there would be more;
    when that turns the one into the other, the number stays.
    """
    target = metric.target_percentage
    known = [each for each in metric.percentages if each is not None]
    ratio = sum(known) / len(known) / target
    if abs(ratio - 1.0) <= TOLERANCE:
        return present
    missing = present - len(known)
    if missing:
        assumed = sum(known) + missing * (target if ratio < 1.0 else 0.0)
        corrected = assumed / present / target
        if abs(corrected - 1.0) <= TOLERANCE or (corrected < 1.0) != (ratio < 1.0):
            return present
        ratio = corrected
    return math.ceil(round(present * ratio, 6))


def _words(metric: ReplicaMetric) -> str:
    known = [each for each in metric.percentages if each is not None]
    mean = sum(known) / len(known)
    return f"{metric.name} at {mean:.0f} % of {metric.of}, target {metric.target_percentage} %"
