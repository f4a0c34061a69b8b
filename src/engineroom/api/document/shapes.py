"""The shapes of answers: one resource, a page of them, another object, or nothing."""

from dataclasses import dataclass
from typing import Any

from engineroom.api.document.jsonapi import Attributes
from engineroom.api.http.media_types import JSON, JSON_API


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource: its name in answers, its attributes, and whether it has a link to itself."""

    name: str
    attributes: type[Attributes]
    has_links: bool = False


@dataclass(frozen=True, slots=True)
class One:
    """One resource."""

    type: ResourceType
    status: int = 200
    media_type: str = JSON_API


@dataclass(frozen=True, slots=True)
class Many:
    """One page of resources. `also` are the media types in which the same may be asked for in another form."""

    type: ResourceType
    status: int = 200
    media_type: str = JSON_API
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """Resources that are answered together, however many."""

    type: ResourceType
    status: int = 200
    media_type: str = JSON_API


@dataclass(frozen=True, slots=True)
class Plain:
    """An object that is no JSON:API document, or another value that msgspec knows to describe.

    `also` are the media types in which the same may be asked for in another form.
    """

    type: Any
    status: int = 200
    media_type: str = JSON
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Other:
    """What is no JSON at all, such as a page to be read."""

    media_type: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Empty:
    """No body."""

    status: int = 204
    media_type: str = ""


Shape = One | Many | All | Plain | Other | Empty
