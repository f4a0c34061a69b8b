"""Client libraries: extras, and imported when the first queue of their kind is measured."""

import importlib
import sys
from types import ModuleType

from engineroom.queues.base import UnmeasurableError

_PACKAGES = {"psycopg": "psycopg[binary]"}


def imported(module: str) -> ModuleType:
    """Return a client library. Raises UnmeasurableError, with what to install, when it is not there."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = (error.name or module).partition(".")[0]
        raise UnmeasurableError(
            "the client library for this kind of queue is not installed; install it with: "
            f"{sys.executable} -m pip install '{_PACKAGES.get(library, library)}', and start the server again"
        ) from None
