"""Real servers of a test's own that keep queues, each in a folder and on a free port."""

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import patient, wait_until

_ATTEMPTS = 5


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[int]:
    """Run a PostgreSQL with a database `shop` of the user `shop`, password `secret`; yield its port."""
    programs = max(Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"
    with _private_folder(folder / "postgresql", "postgres") as data:
        password = data / "password"
        password.write_text("secret")
        shutil.chown(password, "postgres")
        words = [f"{programs}/initdb", "-D", f"{data}/data", "-U", "shop", "-A", "scram-sha-256"]
        _as_user("postgres", [*words, "--no-sync", "-E", "UTF8", f"--pwfile={password}"])

        def command(port: int) -> list[str]:
            server = [f"{programs}/postgres", "-D", f"{data}/data", "-p", str(port), "-k", str(data)]
            return [*server, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]

        with _server(folder / "postgresql.log", command, user="postgres", ready=b"") as port:
            url = f"host=127.0.0.1 port={port} user=shop password=secret"
            wait_until("PostgreSQL makes a database", lambda: _psql(programs, f"{url} dbname=postgres"))
            yield port


@contextlib.contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """Run a MariaDB with a database `shop` of the user `shop`, password `secret`; yield its port."""
    with _private_folder(folder / "mariadb", "mysql") as data:
        script = data / "init.sql"
        script.write_text(
            "CREATE DATABASE IF NOT EXISTS shop;\n"
            "CREATE USER IF NOT EXISTS 'shop'@'127.0.0.1' IDENTIFIED BY 'secret';\n"
            "GRANT ALL ON shop.* TO 'shop'@'127.0.0.1';\n"
        )
        script.chmod(0o644)
        # The kernel has few contexts for native asynchronous I/O (aio-max-nr), and other tests start servers meanwhile.
        common = ["--no-defaults", f"--datadir={data}/data", "--user=mysql", "--innodb-use-native-aio=0"]
        subprocess.run(
            ["mariadb-install-db", *common, "--skip-test-db", "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
        )

        def command(port: int) -> list[str]:
            return [
                *["mariadbd", *common, f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve"],
                *[f"--socket={data}/socket", f"--pid-file={data}/pid", f"--init-file={script}"],
                "--innodb-flush-log-at-trx-commit=0",
            ]

        with _server(folder / "mariadb.log", command, ready=b"") as port:
            yield port


@contextlib.contextmanager
def beanstalkd(folder: Path) -> Iterator[int]:
    """Run a beanstalkd; yield its port."""
    with _server(
        folder / "beanstalkd.log",
        lambda port: ["beanstalkd", "-l", "127.0.0.1", "-p", str(port)],
        ready=b"stats\r\n",
    ) as port:
        yield port


@contextlib.contextmanager
def sqs(folder: Path) -> Iterator[int]:
    """Run moto's server, which answers as SQS does; yield its port."""
    words = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p"]
    with _server(folder / "moto.log", lambda port: [*words, str(port)], ready=b"") as port:
        yield port


@contextlib.contextmanager
def _server(
    output: Path, command: Callable[[int], list[str]], *, ready: bytes, user: str | None = None
) -> Iterator[int]:
    """Run a server; yield its port once it takes connections."""
    for _ in range(_ATTEMPTS):
        port = free_port()
        with output.open("a") as log:
            process = subprocess.Popen(
                command(port), stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=user, cwd="/"
            )
        seen = wait_until(
            f"{command(port)[0]} answers or has ended",
            lambda process=process, port=port: _answers_or_ended(process, port, ready),  # type: ignore[misc]
            timeout_seconds=60,
        )
        if seen == "answers":
            try:
                yield port
            finally:
                process.terminate()
                process.wait(timeout=patient(60))
            return
    raise AssertionError(f"cannot start {command(0)[0]}; it wrote:\n{output.read_text()}")


def _answers_or_ended(process: "subprocess.Popen[bytes]", port: int, question: bytes) -> str:
    if process.poll() is not None:
        return "ended"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=patient(5)) as connected:
            if question:
                connected.sendall(question)
                return "answers" if connected.recv(1) else ""
    except OSError:
        return ""
    return "answers"


@contextlib.contextmanager
def _private_folder(folder: Path, user: str) -> Iterator[Path]:
    """Make a folder that belongs to a user whom a test's own folder keeps out; yield it."""
    entry = pwd.getpwnam(user)
    made = Path(f"/var/tmp/engineroom-{os.getpid()}-{folder.parent.name}-{folder.name}")
    made.mkdir(mode=0o755)
    (made / "data").mkdir(mode=0o700)
    for path in (made, made / "data"):
        os.chown(path, entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_gid)
    try:
        yield made
    finally:
        shutil.rmtree(made)


def _as_user(user: str, words: list[str]) -> None:
    ran = subprocess.run(words, user=user, cwd="/", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{words[0]} failed: {ran.stdout}{ran.stderr}"


def _psql(programs: Path, url: str) -> bool:
    words = [f"{programs}/psql", url, "-c", "CREATE DATABASE shop"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    return ran.returncode == 0 or "already exists" in ran.stderr
