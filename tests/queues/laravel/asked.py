"""Asking an application with the real PHP, as the sandbox would have it asked."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engineroom.queues.laravel.asking import answer, command, settings
from engineroom.queues.laravel.settings import LaravelSettings
from tests.support.waiting import patient

MARK = "a-mark-that-nobody-knows"


def ask(
    folder: Path, variables: Mapping[str, str] | None = None, environment: str | None = None
) -> LaravelSettings:
    ran = subprocess.run(
        command(MARK, environment=environment),
        cwd=folder,
        env={"PATH": os.environ["PATH"], **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=patient(120),
    )
    return settings(answer(ran.stdout, MARK), folder)
