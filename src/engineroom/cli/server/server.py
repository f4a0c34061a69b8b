"""The one place where the parts are put together: store, runtime, control plane, HTTP."""

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial

import structlog
import uvicorn
import uvloop

from engineroom.api import application
from engineroom.cli.errors import CommandError
from engineroom.cli.host.claim import Claim
from engineroom.cli.host.folders import allowed_folders, keep_folders, to_organization
from engineroom.cli.host.storage import open_store
from engineroom.cli.server.first_process import is_first, reap
from engineroom.control.control_plane import ControlPlane
from engineroom.control.host_probe import HostProbe
from engineroom.http.bounds import Bounds, Peers
from engineroom.http.gate import Gate
from engineroom.http.hosts import own_names
from engineroom.http.protocol import BoundedProtocol, Shared
from engineroom.http.proxies import Proxies
from engineroom.queues.networks import Networks
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local import LocalCapacity, LocalHost, LocalRuntime, activity
from engineroom.runtime.local.folders import AllowedFolders
from engineroom.settings import Settings
from engineroom.store import Store
from engineroom.telemetry import Telemetry
from engineroom.telemetry.alerts.config import alert_settings
from engineroom.telemetry.logs.blocks.retention import Retention
from engineroom.telemetry.otlp import CollectorError, OtlpCollector

_GRACEFUL_SECONDS = 5
_BACKLOG = 1024
_SWITCH_SECONDS = 0.001

_log = structlog.get_logger()

Hook = Callable[[Store, str], Awaitable[None]]


_NAME_ANOTHER = "name another with --bind HOST:PORT, or in ENGINEROOM_BIND"


class PortTakenError(CommandError):
    """Another program listens there already. `what` says so without what to do."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; {_NAME_ANOTHER}")
        self.what = what


class Server:
    """One server on one data folder. Made, it holds the folder and the port; `run` serves until a signal comes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._claim = Claim(settings)
        self._socket = _listen(settings)
        self._proxies = Proxies(settings.trusted_proxies)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self, when_ready: Hook, *, drain_seconds: float | None = None) -> None:
        """Serve until SIGINT or SIGTERM; call `when_ready` once requests are answered.

        What runs goes on running afterwards, but with `drain_seconds` it is drained, and killed after that time.
        Raises CommandError when the parts cannot be started.
        """
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(when_ready, drain_seconds))

    async def _run(self, when_ready: Hook, drain_seconds: float | None) -> None:
        # A thread that reads the store for long lets the others in this often: answers must not wait for it.
        sys.setswitchinterval(_SWITCH_SECONDS)
        store = open_store(self._settings)
        telemetry = self._open_telemetry()
        runtime = LocalRuntime(self._settings.keeper, output_kept_bytes=self._settings.output_kept_bytes)
        control = ControlPlane(store, runtime, telemetry, _surroundings(self._settings))
        chores = [asyncio.create_task(self._claim.keep())]
        if is_first():
            chores.append(asyncio.create_task(reap()))
        try:
            folders = await allowed_folders(self._settings.keeper, store)
            chores.append(asyncio.create_task(keep_folders(folders)))
            await control.open()
            await self._serve(control, lambda: when_ready(store, self.url))
            await (
                control.close()
                if drain_seconds is None
                else control.drain(stop_timeout_seconds=drain_seconds)
            )
        except RuntimeUnavailableError as error:
            raise CommandError(f"cannot work with the keeper: {error}") from None
        finally:
            for chore in chores:
                chore.cancel()
            telemetry.close()
            store.close()
            self._socket.close()
            self._claim.release()

    def _application(self, control: ControlPlane) -> Gate:
        """Return the API behind the gate."""
        settings = self._settings
        inner = application(control, calls_per_minute=settings.rate_limit)
        names = own_names(settings.host, socket.gethostname())
        return Gate(inner, self._proxies, names, settings.allowed_hosts)

    def _open_telemetry(self) -> Telemetry:
        settings = self._settings
        limits = Retention(days=settings.log_days, bytes=settings.log_megabytes * 1_000_000)
        try:
            collector = OtlpCollector(settings.otlp_endpoint) if settings.otlp_endpoint else None
            return Telemetry.open(settings.telemetry, limits, alert_settings(settings.alerts), collector)
        except CollectorError as error:
            raise CommandError(f"cannot send metrics to {settings.otlp_endpoint}: {error}") from None
        except ValueError as error:
            raise CommandError(f"cannot use the alerts in settings.toml: {error}") from None
        except (OSError, sqlite3.Error) as error:
            raise CommandError(
                f"cannot keep logs in {settings.telemetry}: {error}; make room, or make the folder writable"
            ) from None

    async def _serve(self, control: ControlPlane, when_ready: Callable[[], Awaitable[None]]) -> None:
        shared = Shared(Bounds(), Peers.of_this_process(), self._proxies)
        http = _HttpServer(
            uvicorn.Config(
                self._application(control),
                loop="none",
                # It is only called, as the class would be.
                http=partial(BoundedProtocol, shared=shared),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # Who is believed is decided by our own gate.
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACEFUL_SECONDS,
            )
        )

        def stop() -> None:
            http.stop()
            control.logs.end_following()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        serving = asyncio.create_task(http.serve(sockets=[self._socket]))
        await asyncio.wait(
            [serving, asyncio.create_task(http.ready.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        _log.info("Serving.", action="server.started", url=self.url, pid=os.getpid())
        # What is there now stays; looking through it again and again would only hold up answers.
        gc.collect()
        gc.freeze()
        await when_ready()
        await serving
        _log.info("Stopped serving.", action="server.stopped")


class _HttpServer(uvicorn.Server):
    """uvicorn without its own signal handlers, which would end the process before it has tidied up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self.should_exit = True


def _surroundings(settings: Settings) -> HostProbe:
    """Return what tells of this host; how much of it is free tells nothing when nothing is to be kept free."""
    known = HostProbe(
        activity=activity.read,
        capacity=LocalCapacity(settings.keeper / "lock").read,
        host_name=socket.gethostname(),
        keeper_folder=str(settings.keeper.absolute()),
        folders=partial(to_organization, AllowedFolders(settings.keeper)),
        queue_networks=Networks.of(settings.queue_networks_allowed, settings.queue_networks_denied),
    )
    if not settings.host_reserve:
        return known
    return replace(known, host=LocalHost(settings.host_reserve / 100, settings.keeper / "lock").read)


def _listen(settings: Settings) -> socket.socket:
    """Return the listening socket."""
    address = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, name = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(name)
        listener.listen(_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"cannot listen on {address}: the port is taken") from None
        reason = error.strerror or str(error)
        raise CommandError(f"cannot listen on {address}: {reason}; {_NAME_ANOTHER}") from None
    return listener
