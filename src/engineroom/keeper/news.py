"""What the keeper has to say of itself, for its log and for the server, which tells people."""

import os
import time
from collections import deque

from engineroom.keeper import log
from engineroom.keeper.processes.process import JsonObject

_KEPT = 20


class News:
    """The last few, numbered. `of` tells this keeper's from those of another."""

    def __init__(self) -> None:
        self._of = os.urandom(8).hex()
        self._number = 0
        self._kept: deque[JsonObject] = deque(maxlen=_KEPT)

    def tell(self, kind: str, message: str) -> None:
        """Say something, once."""
        log.write("warning", kind, message)
        self._number += 1
        self._kept.append({"number": self._number, "kind": kind, "message": message, "at": time.time()})

    def to_json(self) -> JsonObject:
        """Return what clients are told."""
        return {"of": self._of, "items": list(self._kept)}
