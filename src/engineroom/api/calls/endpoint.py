"""What a row of the table of endpoints says: everything that routes, access, answers and the OpenAPI document come from."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel

from engineroom.api.calls.subject import AddressSubject
from engineroom.api.document.relations import Relations
from engineroom.api.document.shapes import Shape
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import ApiError
from engineroom.api.http.rate_limits import Bucket
from engineroom.model.token import Ability

Handler: TypeAlias = Callable[..., Awaitable[Answer]]
"""Answers a call; where the row has a subject, it is given what was found too."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query, besides `page`, `include` and the filters."""

    name: str
    schema: Mapping[str, Any]
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table: what is called, what is answered, what answers, where that is laid down, and who may call.

    `contract` is a section of the contract's fact sheet, or `ours`. `ability` None means that no token is needed.
    `subject` is what the address names: it is found before the handler is called, and given to it.
    `limited_tokens` says whether a token that is limited to some applications may call though the address is in none.
    `request` is what the fields of the body must be; `upload` says that the body is no JSON. `errors` are those
    that do not follow from the rest of the row. A handler sees only the relations, filters and parameters that are here.
    """

    method: str
    path: str
    answers: Shape
    handler: Handler
    contract: str
    _: KW_ONLY
    ability: Ability | None
    subject: AddressSubject[Any] | None = None
    limited_tokens: bool = False
    request: type[BaseModel] | None = None
    upload: bool = False
    relations: Relations[Any] = field(default_factory=lambda: MappingProxyType({}))
    filters: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[type[ApiError], ...] = ()
    bucket: Bucket | None = Bucket.ORDINARY

    @property
    def name(self) -> str:
        """What is called, by the folder of its handler, such as `background_processes.update`."""
        return f"{self.handler.__module__.split('.')[-2]}.{self.handler.__name__}"
