"""Where each background process takes its jobs from, found again now and then, as an application may change it."""

import asyncio
import time
from pathlib import Path

import structlog

from engineroom.model import command_line
from engineroom.model.queue import Unknown
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.model.variables import unreadable
from engineroom.queues.base import UnmeasurableError
from engineroom.queues.discovery import Place, Worker, place
from engineroom.store.wanted import Wanted

_FOUND_AGAIN_SECONDS = 15.0
_log = structlog.get_logger()

_Key = tuple[str, tuple[tuple[str, str], ...], str | None, str | None, bool, str | None]


class Places:
    """Remembers what was found."""

    def __init__(self) -> None:
        self._found: dict[_Key, tuple[float, Place | Unknown]] = {}

    async def of(self, row: Wanted, settings: ScalingSettings) -> Place | Unknown:
        """Return where its queues are; unknown, with what to do, when that cannot be told."""
        if row.directory is None:
            return Unknown("its environment has no folder; send directory in a PATCH of the environment")
        if reason := unreadable(row.variables):
            return Unknown(f"a variable of its environment cannot be read: {reason}")
        connection, queue = _asked(row, settings)
        variables = {variable.key: variable.value for variable in row.variables}
        worker = Worker(
            folder=Path(row.directory),
            variables=variables,
            connection=connection,
            queues=queue,
            laravels=row.background_process.config is not None,
            environment=_environment(row.background_process.command),
        )
        key = (
            row.directory,
            tuple(variables.items()),
            connection,
            queue,
            worker.laravels,
            worker.environment,
        )
        now = time.monotonic()
        known = self._found.get(key)
        if known is None or now - known[0] > _FOUND_AGAIN_SECONDS:
            found = await asyncio.to_thread(_find, worker)
            known = self._found[key] = (now, found)
        return known[1]

    def forget_unused(self) -> None:
        """Drop what was not looked for lately."""
        limit = time.monotonic() - 2 * _FOUND_AGAIN_SECONDS
        self._found = {key: found for key, found in self._found.items() if found[0] > limit}


def _asked(row: Wanted, settings: ScalingSettings) -> tuple[str | None, str | None]:
    config = row.background_process.config
    if config is not None:
        return config.connection, config.queue
    return settings.connection, settings.queue


def _environment(command: str) -> str | None:
    """Return what a command of the framework is given as `--env`."""
    words = command_line.parse(command).argv
    if "artisan" not in {word.rpartition("/")[2] for word in words}:
        return None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--env="):
            return word.removeprefix("--env=") or None
        if word == "--env":
            return following or None
    return None


def _find(worker: Worker) -> Place | Unknown:
    try:
        return place(worker)
    except (UnmeasurableError, OSError) as error:
        return Unknown(str(error))
    except Exception as error:  # noqa: BLE001
        # Whatever is in the files of one application must not stop the scaling of the others.
        _log.exception("Cannot find a queue.", action="queue.not_found", folder=str(worker.folder))
        return Unknown(f"its files cannot be read: {type(error).__name__}")
