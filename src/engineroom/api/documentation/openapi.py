"""The OpenAPI 3.1 document of a table of endpoints: exactly what is asked for and answered."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from engineroom import __version__
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document import ignored
from engineroom.api.document.shapes import Many, Plain
from engineroom.api.documentation.components import Schema, answer_schema, components, reference
from engineroom.api.http.errors import (
    ApiError,
    FailedError,
    ForbiddenError,
    InvalidError,
    MalformedError,
    MediaTypeError,
    NoStorageError,
    NotFoundError,
    NotReadyError,
    TooLargeError,
    TooManyError,
    UnauthenticatedError,
)
from engineroom.api.http.media_types import JSON

_DESCRIPTION = """\
The endpoints of Laravel Cloud answer here as they do there; what is ours is marked *ours*.

Numbers may be sent as text, booleans as `0` and `1`, and an empty text is null. Unknown fields are ignored, and so are
unknown filters and relations."""

_SCHEMAS = {FailedError: "FailedError", InvalidError: "InvalidError"}
_COUNT: Schema = {"required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
_COUNTED = {"x-ratelimit-limit": _COUNT, "x-ratelimit-remaining": _COUNT}
_IGNORED: Schema = {
    "description": "Names the fields, parameters and relations of the request that nothing was made of. *Ours.*",
    "schema": {"type": "string"},
}


def document(endpoints: Sequence[Endpoint]) -> Schema:
    """Return the document."""
    paths: defaultdict[str, Schema] = defaultdict(dict)
    for endpoint in endpoints:
        paths[endpoint.path][endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "engineroom", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {
            "schemas": components(endpoints),
            "headers": {"Ignored": _IGNORED},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint) -> Schema:
    handler = endpoint.handler
    operation: Schema = {
        "operationId": endpoint.name,
        "tags": [endpoint.name.partition(".")[0].replace("_", " ")],
        "summary": (handler.__doc__ or "").strip().partition("\n")[0],
        "description": _where(endpoint),
        "security": [] if endpoint.ability is None else [{"token": []}],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": dict(_responses(endpoint)),
    }
    if endpoint.request is not None:
        operation["requestBody"] = {"content": {JSON: {"schema": reference(endpoint.request.__name__)}}}
    return operation


def _where(endpoint: Endpoint) -> str:
    where = "*Ours.*" if endpoint.contract == "ours" else f"Section {endpoint.contract} of the contract."
    return f"{where} Needs a token that may {endpoint.ability}." if endpoint.ability else where


def _path_parameters(endpoint: Endpoint) -> Iterator[Schema]:
    for name in re.findall(r"{(\w+)}", endpoint.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(endpoint: Endpoint) -> Iterator[Schema]:
    for name in endpoint.filters:
        yield _query(f"filter[{name}]", {"type": "string"}, f"Only those with exactly this {name}.")
    if endpoint.relations:
        names = {"type": "array", "items": {"enum": list(endpoint.relations)}}
        included = _query("include", names, "Related resources to be included, separated by commas.")
        yield {**included, "style": "form", "explode": False}
    if isinstance(endpoint.answers, Many):
        yield _query("page", {"type": "integer", "minimum": 1}, "Which page of 100.")
    for parameter in endpoint.parameters:
        found = _query(parameter.name, parameter.schema, parameter.description)
        yield {**found, "required": parameter.required}


def _query(name: str, schema: Any, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _responses(endpoint: Endpoint) -> Iterator[tuple[str, Schema]]:
    answers = endpoint.answers
    schema = answer_schema(endpoint)
    described: Schema = {"description": "As asked for."}
    if answers.media_type:
        described["content"] = {answers.media_type: {"schema": {} if schema is None else schema}}
    if isinstance(answers, Plain | Many):
        described["content"].update({media_type: {"schema": {}} for media_type in answers.also})
    yield str(answers.status), _with_headers(endpoint, described)
    for error in _errors(endpoint):
        content = {JSON: {"schema": reference(_SCHEMAS.get(error, "Error"))}}
        described = {"description": (error.__doc__ or "").strip().partition("\n")[0], "content": content}
        yield str(error.status), _with_headers(endpoint, described)


def _with_headers(endpoint: Endpoint, described: Schema) -> Schema:
    counted = {} if endpoint.bucket is None else _COUNTED
    return {**described, "headers": {**counted, ignored.HEADER: {"$ref": "#/components/headers/Ignored"}}}


def _errors(endpoint: Endpoint) -> list[type[ApiError]]:
    """Return the errors of an endpoint, one for each status: what its row names goes before what follows from it."""
    found: list[type[ApiError]] = [FailedError, NotReadyError]
    if endpoint.ability is not None:
        found += [UnauthenticatedError, ForbiddenError]
    if "{" in endpoint.path:
        found.append(NotFoundError)
    if endpoint.request is not None:
        found += [MalformedError, TooLargeError, MediaTypeError]
    if endpoint.upload:
        found.append(TooLargeError)
    if endpoint.bucket is not None:
        found.append(TooManyError)
    if endpoint.method != "GET":
        found.append(NoStorageError)
    found += endpoint.errors
    if endpoint.request is not None:
        found.append(InvalidError)
    by_status = {error.status: error for error in found}
    return [by_status[status] for status in sorted(by_status)]
