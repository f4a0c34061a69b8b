"""Client libraries: extras, and imported when the first queue of their kind is measured."""

import importlib
from types import ModuleType

from engineroom.queues.base import UnmeasurableError


def imported(module: str, *, extra: str) -> ModuleType:
    """Return a client library. Raises UnmeasurableError, with what to install, when it is not there."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise UnmeasurableError(
            f"the client library for this kind of queue is not installed; install it with: pip install engineroom[{extra}]"
        ) from None
