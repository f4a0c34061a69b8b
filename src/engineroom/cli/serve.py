"""`engineroom serve`."""

from pathlib import Path

from engineroom.cli.options import settings
from engineroom.cli.server import Server
from engineroom.cli.terminal import configure_log, say
from engineroom.store import Store


def serve(*, data: Path | None = None, bind: str | None = None) -> None:
    """Serve the API, and keep running what was asked for. Ending the server ends none of it.

    Parameters
    ----------
    data
        The folder for everything that is remembered (ENGINEROOM_DATA; ~/.local/share/engineroom).
    bind
        HOST:PORT to listen on (ENGINEROOM_BIND; 127.0.0.1:8787). Port 0 takes any free port.
    """
    configure_log()
    Server(settings(data, bind)).run(_announce)


async def _announce(store: Store, url: str) -> None:  # noqa: ARG001
    say(f"engineroom listens on {url}")
