"""How processes are stopped, replaced and started again, in answers; it is ours."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.shapes import ResourceType
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.processes.lifecycle import Replacement, StopSignal, StopTarget


class LifecycleAttributes(Attributes):
    """What is asked for. Null: the instance's time to stop, and what is usual for workers or for others."""

    stop_signal: StopSignal
    stop_target: StopTarget
    stop_timeout: int | None
    replacement: Replacement | None
    expected_exit_codes: list[int] | None


TYPE = ResourceType("lifecycles", LifecycleAttributes)


def show(of: BackgroundProcess) -> Resource:
    """Return the resource; it has the id of its background process."""
    asked = of.lifecycle
    codes = asked.expected_exit_codes
    return Resource(
        of.id,
        TYPE.name,
        LifecycleAttributes(
            stop_signal=asked.stop_signal,
            stop_target=asked.stop_target,
            stop_timeout=asked.stop_timeout,
            replacement=asked.replacement,
            expected_exit_codes=None if codes is None else list(codes),
        ),
    )
