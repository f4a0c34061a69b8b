"""`engineroom demo`."""

import asyncio
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import engineroom
from engineroom.cli.errors import CommandError
from engineroom.cli.host.link import link_here
from engineroom.cli.options import settings
from engineroom.cli.server.first_jobs import Workers, push, start_workers, watch_jobs
from engineroom.cli.server.server import PortTakenError, Server
from engineroom.cli.terminal.messages import configure_log, say
from engineroom.control.changes.tokens import create_token
from engineroom.store import Store

_DRAIN_SECONDS = 15.0
_JOBS = 12
_FIND_LARAVEL = (
    "exit(stream_resolve_include_path('Illuminate/autoload.php') && extension_loaded('redis') ? 0 : 1);"
)


def demo(*, data: Path | None = None, bind: str | None = None) -> None:
    """Serve in a throw-away folder, with an example application at work. Ctrl-C ends all of it.

    Parameters
    ----------
    data
        A folder to use instead of a temporary one; it is kept.
    bind
        HOST:PORT to listen on (ENGINEROOM_BIND; 127.0.0.1:8787).
    """
    configure_log(minimum="warning")
    folder = data or Path(tempfile.mkdtemp(prefix="engineroom-demo-"))

    async def introduce(store: Store, url: str) -> None:
        await _introduce(store, url, folder)

    try:
        Server(settings(folder, bind)).run(introduce, drain_seconds=_DRAIN_SECONDS)
    except PortTakenError as error:
        raise CommandError(
            f"{error.what}; name another: `make run BIND=127.0.0.1:9000`, or `engineroom demo --bind 127.0.0.1:9000`"
        ) from None
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)
    say("\nThe demo is over: everything that it started is stopped.")


async def _introduce(store: Store, url: str, folder: Path) -> None:
    """Link the examples, have the first do some work, and say what to try next."""
    token = await create_token(store, "demo")
    keeper = settings(folder).keeper
    queue = {"QUEUE_FILE": str(folder / "queue.sqlite")}
    linked = await link_here(keeper, store, example("python"), "Example", queue)
    say(f"\nengineroom listens on {url}\n")
    say(f"  API       {url}/api")
    say(f"  Token     {token}")
    say(f"  Instance  {linked.instance}")
    workers = await asyncio.to_thread(start_workers, url, token, linked.instance)
    say(
        f"\nTwo workers run, with the pids {' and '.join(map(str, workers.pids))}. They are given {_JOBS} jobs:\n"
    )
    await asyncio.to_thread(push, example("python"), queue, _JOBS)
    done = await asyncio.to_thread(watch_jobs, workers, _JOBS, say)
    say(f"\n{done} of {_JOBS} jobs are done. What to try next; paste it in another terminal:\n")
    _say_steps(workers, queue)
    if _laravel_is_here():
        await _introduce_laravel(keeper, store, url, token)
    say("\nCtrl-C stops everything.")


def _say_steps(workers: Workers, queue: dict[str, str]) -> None:
    program = shlex.quote(str(Path(sys.executable).with_name("engineroom")))
    file, push_py = shlex.quote(queue["QUEUE_FILE"]), shlex.quote(str(example("python") / "push.py"))
    say("  1. Follow the log, and give them more to do:\n")
    say(f"export ENGINEROOM_URL={workers.url} ENGINEROOM_TOKEN={workers.token}")
    say(f"{program} logs {workers.id} -f &")
    say(f"QUEUE_FILE={file} python3 {push_py} 100 --seconds 0.5\n")
    say("  2. Kill one. Another runs in its place within a second, and the log says so:\n")
    say(f"kill -9 {workers.pids[0]}\n")
    say("  3. Scale to five. The two go on, and three join them:\n")
    say(
        _curl(
            "PATCH", f"{workers.url}/api/background-processes/{workers.id}", workers.token, '{"processes":5}'
        )
    )


async def _introduce_laravel(keeper: Path, store: Store, url: str, token: str) -> None:
    folder = example("laravel")
    linked = await link_here(keeper, store, folder, "Laravel", {})
    address = f"{url}/api/instances/{linked.instance}/background-processes"
    say("\nPHP, Laravel and Redis are here too. Start a Redis, then three workers, and push them 300 jobs:\n")
    say("redis-server --port 6379 --save '' &")
    say(_curl("POST", address, token, '{"type":"worker","processes":3,"config":{"connection":"redis"}}'))
    say(f"(cd {shlex.quote(str(folder))} && php artisan demo:push 300 --sleep-ms=20)")


def _curl(method: str, address: str, token: str, body: str) -> str:
    return (
        f"curl -sS -X {method} {address} "
        f"-H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d '{body}'"
    )


def _laravel_is_here() -> bool:
    """Return whether this machine has what the Laravel example needs."""
    php = shutil.which("php")
    if php is None or shutil.which("redis-server") is None:
        return False
    return subprocess.run([php, "-r", _FIND_LARAVEL], check=False, stderr=sys.stderr).returncode == 0


def example(name: str) -> Path:
    """Return the folder of an example: in the package, or in the checkout that the package is installed from."""
    package = Path(engineroom.__file__).parent
    for folder in (package / "examples" / name, package.parent.parent / "examples" / name):
        if folder.is_dir():
            return folder
    raise CommandError(f"the example {name!r} is not installed; run this from a checkout of the project")
