"""How much an instance used of what it may use, in percent."""

from engineroom.model.instances.capacity import Capacity, capacity_of, is_shared
from engineroom.model.instances.instance import Instance
from engineroom.telemetry.metrics.history import History


def cpu_percent(host: Capacity, instance: Instance, history: History) -> list[float | None]:
    """Return how much CPU was used."""
    return _percent(history, "cpu", capacity_of(instance.size, host).cpus, instance)


def memory_percent(host: Capacity, instance: Instance, history: History) -> list[float | None]:
    """Return how much memory was used."""
    return _percent(history, "memory_bytes", capacity_of(instance.size, host).memory_bytes, instance)


def _percent(
    history: History, metric: str, of_replica: float | None, instance: Instance
) -> list[float | None]:
    """Return how much was used of what all replicas have together; None where one of the two is not known."""
    shared = is_shared(instance.size)
    pairs = zip(history.columns[metric], history.columns["replicas"], strict=True)
    return [
        None
        if used is None or not replicas or not of_replica
        else round(100 * used / (of_replica if shared else of_replica * replicas), 2)
        for used, replicas in pairs
    ]
