"""`engineroom serve`."""

import contextlib
from pathlib import Path

from engineroom.cli.options import settings
from engineroom.cli.server.first_process import DRAIN_SECONDS, is_first
from engineroom.cli.server.server import Server
from engineroom.cli.terminal.messages import configure_log, say
from engineroom.store import Store


def serve(*, data: Path | None = None, bind: str | None = None) -> None:
    """Serve the API, and keep running what was asked for. Ending the server ends none of it.

    As process 1 of a container, and where `drain_seconds` is set, everything is drained before it ends.

    Parameters
    ----------
    data
        The folder for everything that is remembered (ENGINEROOM_DATA; ~/.local/share/engineroom).
    bind
        HOST:PORT to listen on (ENGINEROOM_BIND; 127.0.0.1:8787). Port 0 takes any free port.
    """
    configure_log()
    found = settings(data, bind)
    drain_seconds = found.drain_seconds or (DRAIN_SECONDS if is_first() else None)
    Server(found).run(_announce, drain_seconds=drain_seconds)


async def _announce(store: Store, url: str) -> None:  # noqa: ARG001
    with contextlib.suppress(OSError):  # the disk that it goes to is full
        say(f"engineroom listens on {url}")
