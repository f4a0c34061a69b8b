"""`engineroom logs`."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from engineroom.cli.client.api import Client, UnreachableError, client
from engineroom.cli.errors import CommandError
from engineroom.cli.options import settings
from engineroom.cli.terminal.line_printer import LinePrinter

_AGAIN_SECONDS = 1.0
_MAX_LINES = 1000

Level = Literal["debug", "info", "warning", "error"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class LogSelection:
    """Which entries are shown."""

    lines: Annotated[int, Parameter(name=["--lines", "-n"])] = 100
    """How many of the newest entries of each background process to begin with, up to 1000."""

    query: str = ""
    """Only entries that have this text in them."""

    level: Level | None = None
    """Only entries of this level, or worse."""

    def parameters(self) -> dict[str, object]:
        """Return what the API is asked for, besides how many. Raises CommandError."""
        if not 0 <= self.lines <= _MAX_LINES:
            raise CommandError(
                f"cannot show {self.lines} entries; give --lines as a number up to {_MAX_LINES}"
            )
        return {name: value for name, value in (("query", self.query), ("level", self.level)) if value}


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which server is asked."""

    url: str | None = None
    """The server (ENGINEROOM_URL; what the settings say it listens on)."""

    token: str | None = None
    """The token to show (ENGINEROOM_TOKEN). For a moment others on this host can read it there: prefer the variable."""

    data: Path | None = None
    """The data folder whose settings say where the server listens (ENGINEROOM_DATA)."""

    def client(self) -> Client:
        """Return a client of it. Raises CommandError."""
        return client(settings(self.data), self.url, self.token)


def logs(
    *ids: str,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative="")] = False,
    wanted: LogSelection | None = None,
    where: Where | None = None,
) -> None:
    """Show what processes wrote, and with -f go on with what they write.

    Parameters
    ----------
    ids
        Background processes, instances or environments, by their ids; of the last two, all that is in them.
    follow
        Go on with what comes, until Ctrl-C.
    """
    if not ids:
        raise CommandError(
            "nothing to show; name a background process, an instance or an environment by its id"
        )
    wanted = wanted or LogSelection()
    parameters = wanted.parameters()
    api = (where or Where()).client()
    processes = [process for id in ids for process in _processes(api, id)]
    names = {process: f"…{process[-4:]} " if len(processes) > 1 else "" for process in processes}
    show = LinePrinter(names, follows=follow).show
    if follow:
        _follow_all(api, processes, {**parameters, "follow": "true", "tail": wanted.lines}, show)
        return
    for process in processes:
        for line in _newest(api, process, {**parameters, "limit": wanted.lines}):
            show(process, line)


def _processes(api: Client, id: str) -> Iterator[str]:
    """Yield the background processes that an id stands for."""
    if id.startswith("env-"):
        for instance in _listed(api, f"/api/environments/{id}/instances"):
            yield from _processes(api, instance)
    elif id.startswith("inst-"):
        yield from _listed(api, f"/api/instances/{id}/background-processes")
    else:
        yield id


def _listed(api: Client, path: str) -> Iterator[str]:
    page, last = 1, 1
    while page <= last:
        answer = api.get(path, {"page": page})
        yield from (item["id"] for item in answer["data"])
        page, last = page + 1, answer["meta"]["last_page"]


def _newest(api: Client, process: str, wanted: Mapping[str, object]) -> Sequence[Mapping[str, Any]]:
    if not wanted["limit"]:
        return []
    answer = api.get(f"/api/background-processes/{process}/logs", {**wanted, "newest_first": "true"})
    found: list[Mapping[str, Any]] = answer["data"]
    return found[::-1]


def _follow_all(
    api: Client,
    processes: Sequence[str],
    wanted: Mapping[str, object],
    show: Callable[[str, Mapping[str, Any]], None],
) -> None:
    """Follow each in a thread of its own until Ctrl-C, or until one cannot be followed any more."""
    failed: list[CommandError | BrokenPipeError] = []
    ended = threading.Event()

    def follow(process: str) -> None:
        try:
            _follow(api, process, wanted, show)
        except (CommandError, BrokenPipeError) as error:
            failed.append(error)
            ended.set()

    for process in processes:
        threading.Thread(target=follow, args=(process,), daemon=True).start()
    try:
        ended.wait()
    except KeyboardInterrupt:
        return
    raise failed[0]


def _follow(
    api: Client, process: str, wanted: Mapping[str, object], show: Callable[[str, Mapping[str, Any]], None]
) -> None:
    """Show what comes; when the server is away, wait for it and go on where it was."""
    path = f"/api/background-processes/{process}/logs"
    headers: dict[str, str] = {}
    reached = False
    while True:
        try:
            for id, line in api.stream(path, wanted, headers):
                reached = True
                headers = {"Last-Event-ID": id} if id else headers
                show(process, line)
            reached = True
        except UnreachableError:
            if not reached:
                raise
        time.sleep(_AGAIN_SECONDS)
