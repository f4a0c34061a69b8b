"""What an application says of its queues, its databases and its Redis."""

from dataclasses import dataclass
from pathlib import Path

from engineroom.queues.base import UnmeasurableError
from engineroom.queues.laravel.values import Array, Key, UnreadableValue, Value, as_integer, as_text

Version = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaravelSettings:
    """`queue` and `database` are the configuration of these names.

    `source` says where it is from. `certain` is False when it is only what the framework has where the application says
    nothing. `version` is None when nothing tells it.
    """

    folder: Path
    queue: Value
    database: Value
    source: str
    certain: bool
    version: Version | None = None

    def connection(self, name: str) -> Array | None:
        """Return the queue connection of a name; None when there is none. Raises UnmeasurableError when unreadable."""
        return known_array(at(self.queue, "connections", name))

    def default_connection(self) -> str:
        """Return the name of the connection that a worker takes which names none. Raises UnmeasurableError."""
        return known_text(at(self.queue, "default")) or "null"


def at(value: Value, *path: Key) -> Value:
    """Return what is at this path; None when nothing is there. Raises UnmeasurableError when it cannot be told."""
    for key in path:
        if isinstance(value, UnreadableValue):
            break
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, UnreadableValue):
        raise UnmeasurableError(f"where its queue is depends on {value.reason}")
    return value


def known_array(value: Value) -> Array | None:
    """Return an array; None when it is none."""
    return value if isinstance(value, dict) else None


def known_text(value: Value) -> str:
    """Return a value as a text. Raises UnmeasurableError when it cannot be told."""
    found = as_text(value)
    if isinstance(found, UnreadableValue):
        raise UnmeasurableError(f"where its queue is depends on {found.reason}")
    return found


def known_integer(value: Value) -> int:
    """Return a value as an integer. Raises UnmeasurableError when it cannot be told."""
    found = as_integer(value)
    if isinstance(found, UnreadableValue):
        raise UnmeasurableError(f"where its queue is depends on {found.reason}")
    return found
