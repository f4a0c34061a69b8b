"""The files of an application, read with its user's rights and without PHP.

What they say is read as PHP reads it, or is unreadable where it stands; nothing is guessed.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from engineroom.model.applications import dotenv
from engineroom.queues.base import UnmeasurableError
from engineroom.queues.laravel import configuration, defaults, version
from engineroom.queues.laravel.env import Env
from engineroom.queues.laravel.functions import Surroundings, merged
from engineroom.queues.laravel.settings import LaravelSettings, Version
from engineroom.queues.laravel.values import Array, UnreadableValue, Value
from engineroom.queues.reading import read_bytes

_MAX_BYTES = 1 << 20
_FRAMEWORK = "vendor/laravel/framework/config"
_MERGED = "connections"
"""What the framework merges one level deeper (LoadConfiguration::mergeableOptions)."""

Default = Callable[[Env, Version], Array]


def settings(folder: Path, outside: Mapping[str, str], environment: str | None) -> LaravelSettings:
    """Return what the application says, given the variables that it has from outside.

    `environment` is what a worker was given as `--env`. Raises UnmeasurableError and OSError.
    """
    found = version.found(folder)
    cached = _cached(folder, outside)
    if cached is not None:
        content = _configuration(cached, folder, Env(outside))
        tree = content if isinstance(content, dict) else {}
        trouble = content if isinstance(content, UnreadableValue) else None
        return LaravelSettings(
            folder=folder,
            queue=trouble or tree.get("queue"),
            database=trouble or tree.get("database"),
            source=f"its cached configuration ({cached})",
            certain=True,
            version=found,
        )
    env = Env(variables(folder, outside, environment))
    own = _Own(folder, env, found)
    queue = own.file("queue", defaults.queue)
    database = own.file("database", lambda env, version: defaults.database(env, version, str(folder)))
    return LaravelSettings(
        folder=folder,
        queue=queue,
        database=database,
        source=f"the configuration in {folder / 'config'}",
        certain=own.has_own_redis,
        version=found,
    )


def variables(folder: Path, outside: Mapping[str, str], environment: str | None = None) -> dict[str, str]:
    """Return all variables of the application. Raises UnmeasurableError for a `.env` that it could not read either."""
    file = _dotenv(folder, outside, environment)
    content = read_bytes(file, _MAX_BYTES)
    if content is None:
        return dict(outside)
    try:
        return {**dotenv.read(dotenv.decoded(content), outside), **outside}
    except dotenv.DotenvError as error:
        raise UnmeasurableError(f"the application cannot read {file}: {error}") from None


def _dotenv(folder: Path, outside: Mapping[str, str], environment: str | None) -> Path:
    """Return which file it reads (LoadEnvironmentVariables::checkForSpecificEnvironmentFile)."""
    name = Env(outside).get("APP_ENV")
    for chosen in (environment, name):
        if chosen and (folder / f".env.{chosen}").is_file():
            return folder / f".env.{chosen}"
    return folder / ".env"


def _cached(folder: Path, outside: Mapping[str, str]) -> Path | None:
    given = Env(outside).get("APP_CONFIG_CACHE")
    path = folder / (given if isinstance(given, str) else "bootstrap/cache/config.php")
    return path if path.is_file() else None


class _Own:
    """The application's own files of configuration, with what the framework has beside them."""

    def __init__(self, folder: Path, env: Env, version: Version | None) -> None:
        self.has_own_redis = False
        self._folder = folder
        self._env = env
        self._version = version

    def file(self, name: str, default: Default) -> Value:
        """Return the configuration of a name. Raises UnmeasurableError when there is none, and no version of Laravel."""
        path = self._folder / "config" / f"{name}.php"
        own = _configuration(path, self._folder, self._env) if path.is_file() else None
        if isinstance(own, dict) and "redis" in own:
            self.has_own_redis = True
        if own is None:
            return self._base(name, default)
        if not isinstance(own, dict):
            return (
                own
                if isinstance(own, UnreadableValue)
                else UnreadableValue(f"{path}, which returns no array")
            )
        if self._version is None or self._version[0] < defaults.SLIM:
            return own
        return _merged(self._base(name, default), own)

    def _base(self, name: str, default: Default) -> Value:
        """Return what the framework itself has: as it is installed, else as its version is known to have it."""
        path = self._folder / _FRAMEWORK / f"{name}.php"
        if path.is_file():
            return _configuration(path, self._folder, self._env)
        if self._version is None:
            raise UnmeasurableError(version.unknown(self._folder))
        return default(self._env, self._version)


def _merged(base: Value, own: Array) -> Value:
    if not isinstance(base, dict):
        return own
    found = merged(base, own)
    ours, theirs = own.get(_MERGED), base.get(_MERGED)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found[_MERGED] = merged(theirs, ours)
    return found


def _configuration(path: Path, folder: Path, env: Env) -> Value:
    content = read_bytes(path, _MAX_BYTES)
    if content is None:
        return UnreadableValue(f"{path}, which cannot be read")
    source = content.decode("utf-8", errors="replace")
    return configuration.read(source, Surroundings(env, folder, path))
