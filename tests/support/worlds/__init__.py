"""Applications of Celery and RQ, of whose workers and queues nobody here wrote a line."""

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class World:
    """What its queue is called, what pushes jobs, and what works them."""

    name: str
    queue: str
    push: tuple[str, ...]
    worker: str

    def application(self, folder: Path, port: int) -> "Application":
        """Make an application in a folder, whose jobs are in the Redis at this port."""
        for file in _HERE.glob("[!_]*.py"):
            shutil.copy(file, folder)
        return Application(self, folder, port)


@dataclass(frozen=True)
class Application:
    """One application of a world."""

    world: World
    folder: Path
    port: int

    @property
    def variables(self) -> dict[str, str]:
        """What its processes need to know, and engineroom."""
        return {
            "RQ_REDIS_URL": f"redis://127.0.0.1:{self.port}/0",
            "BROKER": f"redis://127.0.0.1:{self.port}/0",
            "WORKED": str(self.folder / "worked.txt"),
            "ENGINEROOM_QUEUE_REDIS": f"redis://127.0.0.1:{self.port}/0?framework={self.world.name}",
            "PYTHONPATH": str(self.folder),
        }

    def push(self, count: int) -> None:
        """Push jobs numbered from 0, as the application itself does."""
        variables = {**self.variables, "COUNT": str(count)}
        subprocess.run(self.world.push, cwd=self.folder, env=variables, check=True, timeout=120)

    def worked(self) -> Counter[int]:
        """Return how often each job was worked."""
        file = self.folder / "worked.txt"
        return Counter(map(int, file.read_text().split())) if file.exists() else Counter()


CELERY = World(
    name="celery",
    queue="celery",
    push=(sys.executable, "celery_app.py"),
    worker=f"{sys.executable} -m celery -A celery_app worker -c 1 -l error --without-gossip --without-mingle",
)
RQ = World(
    name="rq",
    queue="default",
    push=(sys.executable, "rq_push.py"),
    worker=f"{sys.executable} -m rq.cli worker default",
)
