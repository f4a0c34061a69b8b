"""Something that is scheduled for every minute: it does not run more often, however the clock jumps."""

import time
from pathlib import Path

from tests.support.engineroom_server import EngineroomServer, Linked


class Scheduled:
    """A command that adds a line to a file each time it runs."""

    def __init__(self, server: EngineroomServer, linked: Linked, file: Path) -> None:
        server.api.put(
            f"/api/environments/{linked.environment}/schedule",
            command=f"sh -c 'echo >>{file}'",
            entries=[],
        )
        server.api.patch(f"/api/instances/{linked.instance}", uses_scheduler=True)
        self._file = file
        self._began_at = time.monotonic()
        self._jumps = 0

    def jumped(self) -> None:
        """Take in that the clock shows another time, which may begin a minute."""
        self._jumps += 1

    def check(self) -> None:
        """Raise AssertionError when it has run more often than a minute has begun."""
        ran = len(self._file.read_text().splitlines()) if self._file.exists() else 0
        minutes = int((time.monotonic() - self._began_at) // 60)
        assert ran <= minutes + 2 + self._jumps, (
            f"what is scheduled for each of {minutes} minutes ran {ran} times"
        )
