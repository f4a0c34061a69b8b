"""The schemas of the OpenAPI document: what goes in as pydantic describes it, what goes out as msgspec does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.jsonapi import Attributes
from engineroom.api.document.pagination import PageLinks, PageMeta
from engineroom.api.document.relations import Relations
from engineroom.api.document.shapes import All, Empty, Many, One, Other, Plain, ResourceType

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_PAGING: tuple[type, ...] = (PageLinks, PageMeta)


def reference(name: str) -> Schema:
    """Return the reference to a component."""
    return {"$ref": _REFERENCE + name}


def components(endpoints: Sequence[Endpoint]) -> dict[str, Schema]:
    """Return the schemas of all that the endpoints take and answer, by name."""
    resource_types = {
        found.attributes: found for endpoint in endpoints for found in _resource_types(endpoint)
    }
    plain = [endpoint.answers.type for endpoint in endpoints if isinstance(endpoint.answers, Plain)]
    attributes = [found.attributes for found in resource_types.values()]
    _, of_answers = msgspec.json.schema_components(
        [*_PAGING, *attributes, *plain], ref_template=_REFERENCE + "{name}"
    )
    return {
        "Error": _object({"message": {"type": "string"}}, ["message"]),
        "InvalidError": _INVALID,
        "FailedError": _object({"message": {"type": "string"}, "id": {"type": "string"}}, ["message", "id"]),
        **of_answers,
        **{resource_name(found): _resource(found) for found in resource_types.values()},
        **_requests({endpoint.request for endpoint in endpoints if endpoint.request}),
    }


def answer_schema(endpoint: Endpoint) -> Schema | None:
    """Return the schema of what an endpoint answers when all went well; None for no JSON that could be described."""
    match endpoint.answers:
        case One(type=found):
            return _document(_related(found, endpoint.relations), endpoint.relations, {})
        case Many(type=found):
            items = {"type": "array", "items": _related(found, endpoint.relations)}
            paging = {"links": reference("PageLinks"), "meta": reference("PageMeta")}
            return _document(items, endpoint.relations, paging)
        case All(type=found):
            total = _object({"total": {"type": "integer"}}, ["total"])
            items = {"type": "array", "items": reference(resource_name(found))}
            return _object({"data": items, "meta": total}, ["data", "meta"])
        case Plain(type=found):
            (schema,), _ = msgspec.json.schema_components([found], ref_template=_REFERENCE + "{name}")
            return dict(schema)
        case Other() | Empty():
            return None


def resource_name(found: ResourceType) -> str:
    """Return the name of a resource's component, such as `BackgroundProcess`."""
    return found.attributes.__name__.removesuffix(Attributes.__name__)


def _resource_types(endpoint: Endpoint) -> Iterable[ResourceType]:
    if isinstance(endpoint.answers, One | Many | All):
        yield endpoint.answers.type
    yield from (relation.to for relation in endpoint.relations.values() if relation.to)


def _resource(found: ResourceType) -> Schema:
    properties: Schema = {
        "id": {"type": "string"},
        "type": {"const": found.name},
        "attributes": reference(found.attributes.__name__),
    }
    if found.has_links:
        own = _object({"href": {"type": "string", "format": "uri"}}, ["href"])
        properties["links"] = _object({"self": own}, ["self"])
    return _object(properties, list(properties))


def _document(data: Schema, relations: Relations[Any], more: Mapping[str, Schema]) -> Schema:
    properties = {"data": data, **more}
    required = list(properties)
    if relations:
        types = {resource_name(relation.to) for relation in relations.values() if relation.to}
        items = {"anyOf": [reference(name) for name in sorted(types)]} if types else False
        properties["included"] = {"type": "array", "items": items}
    return _object(properties, required)


def _related(found: ResourceType, relations: Relations[Any]) -> Schema:
    """Return the schema of a resource that has the relations that were asked for, beside its other properties."""
    if not relations:
        return reference(resource_name(found))
    schema = _resource(found)
    schema["properties"]["relationships"] = {
        "type": "object",
        "properties": {
            name: _relationship(relation.to, many=relation.many) for name, relation in relations.items()
        },
        "additionalProperties": False,
    }
    return schema


def _relationship(to: ResourceType | None, *, many: bool) -> Schema:
    identifier = (
        _object({"type": {"const": to.name}, "id": {"type": "string"}}, ["type", "id"]) if to else False
    )
    data: Schema = (
        {"type": "array", "items": identifier} if many else {"anyOf": [identifier, {"type": "null"}]}
    )
    return _object({"data": data}, ["data"])


def _requests(models: set[type[BaseModel]]) -> dict[str, Schema]:
    inputs = [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)]
    _, schema = models_json_schema(inputs, ref_template=_REFERENCE + "{model}")  # type: ignore[arg-type]
    return dict(schema.get("$defs", {}))


def _object(properties: Mapping[str, Any], required: Sequence[str]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


_INVALID = _object(
    {
        "message": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
    },
    ["message"],
)
