"""What a row of the table of endpoints says: everything that routes, access, answers and the OpenAPI document come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from engineroom.api.http.rate_limits import Bucket

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy import Connection

    from engineroom.api.calls.call import Answer, Call
    from engineroom.api.document.jsonapi import Resource
    from engineroom.api.document.shapes import ResourceType, Shape
    from engineroom.api.http.errors import ApiError
    from engineroom.model.token import Ability

Item = TypeVar("Item")

Handler: TypeAlias = "Callable[[Call], Awaitable[Answer]]"

Related: TypeAlias = "Resource | list[Resource] | None"
"""One related resource or none, for a relation to one; a list, for a relation to many."""


@dataclass(frozen=True, slots=True)
class Relation(Generic[Item]):
    """A relation that may be included. `load` returns what is related to each item, in their order.

    `to` is None where nothing of the related type exists here.
    """

    to: ResourceType | None
    many: bool
    load: Callable[[Connection, Call, Sequence[Item]], Sequence[Related]]


Relations = Mapping[str, Relation[Item]]
"""The relations of one type of resource; their order is the order in `included`."""


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
