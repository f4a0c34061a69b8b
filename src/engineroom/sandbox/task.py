"""Tasks: what can be asked of a process that has a tenant's rights."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec

from engineroom.sandbox.frames import Frames
from engineroom.sandbox.limits import USUAL_LIMITS, TaskLimits
from engineroom.sandbox.messages import Failure, TaskAnswer

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Task(Protocol):
    """Named `module:NAME`, where the process that does it finds it."""

    @property
    def name(self) -> str:
        """Where it is."""

    def serve(self, frames: Frames) -> None:
        """Do it, in a process of its own, which ends when this returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Asked, Answered]):
    """One question, one answer. `answer` runs as the tenant; what it raises is told in words."""

    name: str
    asks: type[Asked]
    answers: type[Answered]
    answer: Callable[[Asked], Answered]
    limits: TaskLimits = USUAL_LIMITS

    def serve(self, frames: Frames) -> None:
        """See Task.serve."""
        asked = msgspec.json.decode(frames.receive() or b"", type=self.asks)
        frames.send(msgspec.json.encode(self._answered(asked)))

    def _answered(self, asked: Asked) -> TaskAnswer | Failure:
        try:
            return TaskAnswer(msgspec.Raw(msgspec.json.encode(self.answer(asked))))
        except MemoryError:
            return Failure("it needs more memory than it may take")
        except OSError as error:
            return Failure(str(error))
        except Exception as error:  # noqa: BLE001 - whatever a tenant's files bring about concerns him alone
            return Failure(f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A conversation for as long as the limits allow, in whatever messages its two sides agree upon."""

    name: str
    run: Callable[[Frames], None]
    limits: TaskLimits = USUAL_LIMITS

    def serve(self, frames: Frames) -> None:
        """See Task.serve."""
        self.run(frames)


def named(name: str) -> Task:
    """Return the task of a name."""
    module, _, attribute = name.partition(":")
    task: Task = getattr(importlib.import_module(module), attribute)
    return task
