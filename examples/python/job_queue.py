"""A queue in a SQLite file: jobs wait, are reserved by one worker, and are done."""

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

RETRY_AFTER_SECONDS = 90.0
"""A job that has been reserved for longer is given to another worker: its own has died."""

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,
    seconds REAL NOT NULL,
    reserved_at REAL
)
"""

_RESERVE = """
UPDATE jobs SET reserved_at = :now
WHERE id = (
    SELECT id FROM jobs WHERE reserved_at IS NULL OR reserved_at < :expired ORDER BY id LIMIT 1
)
RETURNING id, text, seconds
"""


def queue_file() -> Path:
    """Return the file that the queue is in: `$QUEUE_FILE`, else `queue.sqlite` beside this module."""
    return Path(os.environ.get("QUEUE_FILE") or Path(__file__).with_name("queue.sqlite"))


@dataclass(frozen=True)
class Job:
    """One job: what it says, and how many seconds it takes."""

    id: int
    text: str
    seconds: float


class JobQueue:
    """The jobs in one file; any number of processes may open the same one."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, timeout=60, isolation_level=None)
        self._connection.execute(_TABLE)

    def push(self, text: str, seconds: float) -> int:
        """Add a job and return its number."""
        added = self._connection.execute("INSERT INTO jobs (text, seconds) VALUES (?, ?)", (text, seconds))
        return int(added.lastrowid or 0)

    def reserve(self) -> Job | None:
        """Take the oldest waiting job for this process alone; None when no job waits."""
        now = time.time()
        parameters = {"now": now, "expired": now - RETRY_AFTER_SECONDS}
        with closing(self._connection.execute(_RESERVE, parameters)) as reserved:
            row = reserved.fetchone()
        return Job(*row) if row else None

    def finish(self, job: Job) -> None:
        """Remove a job that was worked."""
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (job.id,))

    def waiting(self) -> int:
        """Return how many jobs are in the file, reserved ones included."""
        return int(self._connection.execute("SELECT count(*) FROM jobs").fetchone()[0])
