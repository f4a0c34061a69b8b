"""A Celery application with one task, which appends a line to a file: `celery -A tasks worker`."""

import os
import time
from pathlib import Path

from celery import Celery
from graceful_stop import GracefulStop

app = Celery("tasks", broker=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1)
app.steps["consumer"].add(GracefulStop)


@app.task
def append_line(number: int, file: str, seconds: float) -> None:
    """Take so many seconds, then write down who did which job."""
    time.sleep(seconds)
    with Path(file).open("a") as lines:
        lines.write(f"{number} {os.getpid()}\n")
