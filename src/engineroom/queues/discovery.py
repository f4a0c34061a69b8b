"""Where an application's queues are: where an address says, or else where the application itself has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engineroom.queues import address
from engineroom.queues.base import Layout, QueueConnection, SqsQueues, UnmeasurableError
from engineroom.queues.laravel import connections, files, version
from engineroom.queues.laravel.env import Env
from engineroom.queues.laravel.settings import LaravelSettings, known_text


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLocation:
    """Where a worker takes its jobs from: the connection, and the names of the queues, first come first."""

    connection: QueueConnection
    queues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What takes jobs: in which folder, with which variables, and what it was told.

    `laravels` says that it is certainly Laravel's own worker. `environment` is what it was given as `--env`.
    """

    folder: Path
    variables: Mapping[str, str]
    connection: str | None = None
    queues: str | None = None
    laravels: bool = True
    environment: str | None = None


def find(
    folder: Path, variables: Mapping[str, str], connection: str | None, queues: str | None
) -> QueueLocation:
    """Return where Laravel's own worker takes its jobs from, by the files of its application; see `locate`."""
    return locate(Worker(folder=folder, variables=variables, connection=connection, queues=queues))


def locate(worker: Worker, settings: LaravelSettings | None = None) -> QueueLocation:
    """Return where a worker takes its jobs from, by what its application says of itself, or else by its files.

    Raises UnmeasurableError, with what to do, when that cannot be told, and OSError when a file cannot be read.
    """
    given = _given(worker, worker.connection) if worker.connection else None
    if given is not None:
        return _split(given, worker.queues or "default")
    if settings is None and not worker.laravels and not version.is_there(worker.folder):
        raise UnmeasurableError(version.unknown(worker.folder))
    told = settings or files.settings(worker.folder, worker.variables, worker.environment)
    name = worker.connection or told.default_connection()
    given = None if worker.connection else _given(worker, name)
    if given is not None:
        return _split(given, worker.queues or "default")
    connection, queue = connections.connection(told, name)
    return _split(connection, worker.queues or queue)


def can_be_asked(worker: Worker) -> bool:
    """Return whether its application is one that can be asked, and whether it has to be: an address tells everything."""
    if not version.begins(worker.folder):
        return False
    try:
        return worker.connection is None or _given(worker, worker.connection) is None
    except UnmeasurableError:
        return False


def _split(connection: QueueConnection, queues: str) -> QueueLocation:
    # Split as a worker does it, which takes a blank after a comma for a part of the name.
    return QueueLocation(connection=connection, queues=tuple(queue for queue in queues.split(",") if queue))


def _given(worker: Worker, name: str) -> QueueConnection | None:
    """Return the connection of this name whose address is in a variable; None when there is none."""
    variable = f"ENGINEROOM_QUEUE_{name.upper().replace('-', '_')}"
    env = Env(_variables(worker, variable))
    text = known_text(env.get(variable))
    if not text:
        return None
    laravels = worker.laravels or version.is_there(worker.folder)
    layout = Layout.LARAVEL if laravels else Layout.LIST
    return address.parse(text, variable, lambda prefix: _sqs(env, prefix), worker.folder, layout)


def _variables(worker: Worker, name: str) -> Mapping[str, str]:
    if name in worker.variables:
        return worker.variables
    try:
        return files.variables(worker.folder, worker.variables, worker.environment)
    except UnmeasurableError:
        # Its reader refuses it; an address would be none of its business.
        return worker.variables


def _sqs(env: Env, prefix: str) -> SqsQueues:
    return SqsQueues(
        prefix=prefix,
        suffix=known_text(env.get("SQS_SUFFIX")),
        region=known_text(env.get("AWS_DEFAULT_REGION")) or "us-east-1",
        key=known_text(env.get("AWS_ACCESS_KEY_ID")) or None,
        secret=known_text(env.get("AWS_SECRET_ACCESS_KEY")) or None,
        session_token=known_text(env.get("AWS_SESSION_TOKEN")) or None,
    )
