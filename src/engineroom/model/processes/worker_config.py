"""The configuration of a queue worker, and the command that it stands for (contract sheet, sections 2.4 and 2.5)."""

import shlex
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """Options of `php artisan queue:work`; None means "not given", so that the framework's own default holds.

    The order of the fields is the order of the keys in answers and of the options on the command line.
    `backoff`, `max_time`, `sleep`, `rest` and `timeout` are seconds.
    """

    connection: str | None = None
    queue: str | None = None
    name: str | None = None
    tries: int | None = None
    backoff: int | None = None
    max_jobs: int | None = None
    max_time: int | None = None
    sleep: int | None = None
    rest: int | None = None
    timeout: int | None = None
    force: bool | None = None
    stop_when_empty: bool | None = None

    def given(self) -> dict[str, str | int | bool]:
        """Return only what was given, under the names of the fields, so that `WorkerConfig(**given)` is the same again."""
        return {name: value for name in _KEYS if (value := getattr(self, name)) is not None}

    def as_contract(self) -> dict[str, str | int | bool | None]:
        """Return the twelve keys of the contract, hyphenated, in the contract's order."""
        return {key: getattr(self, name) for name, key in _KEYS.items()}

    def argv(self) -> tuple[str, ...]:
        """Return the words of the command: the connection bare, flags bare, nothing for what was not given."""
        words = ["php", "artisan", "queue:work"]
        if self.connection is not None:
            words.append(self.connection)
        for key, value in self.as_contract().items():
            if key == "connection" or value is None or value is False:
                continue
            words.append(f"--{key}" if value is True else f"--{key}={value}")
        words.append("--quiet")
        return tuple(words)

    def command(self) -> str:
        """Return the command as text that a shell would split into `argv()` again."""
        return shlex.join(self.argv())


_KEYS = {field.name: field.name.replace("_", "-") for field in fields(WorkerConfig)}
"""The contract's key for each field; looked up once, as it is needed for every answer."""
