"""How long faults are made, and by which dice: both come from the environment, so that a run can be repeated."""

import os
import random
import time
from collections.abc import Iterator

SECONDS = float(os.environ.get("ENGINEROOM_FAULT_SECONDS", "10"))
SEED = int(os.environ.get("ENGINEROOM_FAULT_SEED", "1"))


def turns(seed: int, *, at_least: int) -> Iterator[tuple[int, random.Random]]:
    """Yield a number and dice for each turn until the time is over.

    Each turn has dice of its own, so that what comes later does not depend on how long something took.
    """
    ends_at = time.monotonic() + SECONDS
    turn = 0
    while turn < at_least or time.monotonic() < ends_at:
        yield turn, random.Random(f"{seed} {turn}")
        turn += 1
