"""What runs for what was asked: the present scale, within what is asked for now."""

from engineroom.model.instances.instance import ScalingType
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType

MAX_REPLICAS = 10
"""Of an instance whose replicas engineroom chooses itself."""


def processes(background_process: BackgroundProcess, scaled: int | None) -> int:
    """Return how many processes run on every replica. `scaled` is the present scale: 0 while asleep, None for as asked."""
    asked = background_process.processes
    if background_process.strategy_type is StrategyType.NONE:
        return 0 if scaled == 0 else asked
    return asked if scaled is None else min(asked, scaled)


def replicas(scaling_type: ScalingType, min_replicas: int, max_replicas: int, scaled: int | None) -> int:
    """Return how many replicas run; those that are not scaled are as many as were asked for at least."""
    if scaling_type is ScalingType.NONE or scaled is None:
        return min_replicas
    low, high = replica_bounds(scaling_type, min_replicas, max_replicas)
    return min(max(scaled, low), high)


def replica_bounds(scaling_type: ScalingType, min_replicas: int, max_replicas: int) -> tuple[int, int]:
    """Return between how many replicas the scale may be: `auto` has no bounds of its own (contract sheet, section 3.3)."""
    if scaling_type is ScalingType.AUTO:
        return 1, MAX_REPLICAS
    return min_replicas, max(min_replicas, max_replicas)
