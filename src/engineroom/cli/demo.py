"""`engineroom demo`."""

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import engineroom
from engineroom.cli.errors import CommandError
from engineroom.cli.options import settings
from engineroom.cli.server import Server
from engineroom.cli.terminal import configure_log, say
from engineroom.control.links import link
from engineroom.control.tokens import create_token
from engineroom.store import Store

_DRAIN_SECONDS = 15.0
_FIND_LARAVEL = (
    "exit(stream_resolve_include_path('Illuminate/autoload.php') && extension_loaded('redis') ? 0 : 1);"
)


def demo(*, data: Path | None = None, bind: str | None = None) -> None:
    """Serve in a throw-away folder, with an example application to try everything on. Ctrl-C ends all of it.

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
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)
    say("\nThe demo is over: everything that it started is stopped.")


async def _introduce(store: Store, url: str, folder: Path) -> None:
    """Link the examples and say how to try them."""
    token = await create_token(store, "demo")
    linked = await link(store, example("python"), "Example", {"QUEUE_FILE": str(folder / "queue.sqlite")})
    say(f"\nengineroom listens on {url}\n")
    say(f"  API       {url}/api")
    say(f"  Token     {token}")
    say(f"  Instance  {linked.instance}")
    say("\nStart two processes of the example's worker; paste this in another terminal:\n")
    say(_curl(url, token, linked.instance, '{"type":"custom","processes":2,"command":"python3 worker.py"}'))
    if _laravel_is_here():
        await _introduce_laravel(store, url, token)
    say("\nCtrl-C stops everything.")


async def _introduce_laravel(store: Store, url: str, token: str) -> None:
    folder = example("laravel")
    linked = await link(store, folder, "Laravel", {})
    say("\nPHP, Laravel and Redis are here too. Start a Redis, then three workers, and push them 300 jobs:\n")
    say("redis-server --port 6379 --save ''")
    say(_curl(url, token, linked.instance, '{"type":"worker","processes":3,"config":{"connection":"redis"}}'))
    say(f"(cd {shlex.quote(str(folder))} && php artisan demo:push 300 --sleep-ms=20)")


def _curl(url: str, token: str, instance: str, body: str) -> str:
    return (
        f"curl -sS -X POST {url}/api/instances/{instance}/background-processes "
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
