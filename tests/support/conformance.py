"""Whether an answer is what the OpenAPI document says: every test that calls the API looks at that too."""

import re
from fnmatch import fnmatch
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from engineroom.api.documentation.openapi import document
from engineroom.api.endpoints import ENDPOINTS

UNDESCRIBED = frozenset({404, 405})
"""What is answered where there is no endpoint, and so no description."""

_NAME = "urn:engineroom:openapi"


def check(answer: httpx.Response) -> None:
    """Fail when an answer differs from its description, or has more in it than that."""
    method = answer.request.method.replace("HEAD", "GET")
    operation = _operation(method, answer.request.url.path)
    where = f"{method} {answer.request.url.path} answered {answer.status_code}"
    if operation is None:
        assert answer.status_code in UNDESCRIBED or method == "OPTIONS", where
        return
    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, f"{where}, which is not described: {answer.text}"
    required = [name for name, header in described["headers"].items() if header.get("required")]
    assert all(name in answer.headers for name in required), f"{where} without its headers"
    content = described.get("content", {})
    media_type = answer.headers.get("content-type")
    alike = [kind for kind in content if fnmatch(media_type or "", kind)]
    assert alike or (media_type is None and not content), where
    if media_type is None or answer.request.method == "HEAD":
        return
    if media_type.endswith("json"):
        path = _escaped(operation["x-path"])
        pointer = f"{_NAME}#/paths/{path}/{method.lower()}/responses/{answer.status_code}"
        _validator(f"{pointer}/content/{_escaped(alike[0])}/schema").validate(answer.json())


@cache
def described() -> dict[str, Any]:
    """Return the document, with objects that may have nothing but what is described."""
    closed: dict[str, Any] = _closed(document(ENDPOINTS))
    return closed


@cache
def _operations() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    found = []
    for path, operations in described()["paths"].items():
        pattern = re.compile(re.sub(r"{\w+}", "[^/]+", path) + "/?")
        found += [
            (method.upper(), pattern, {**operation, "x-path": path})
            for method, operation in operations.items()
        ]
    # A word goes before a parameter.
    return sorted(found, key=lambda entry: entry[2]["x-path"].count("{"))


def _operation(method: str, path: str) -> dict[str, Any] | None:
    matching = (
        operation for its, pattern, operation in _operations() if its == method and pattern.fullmatch(path)
    )
    return next(matching, None)


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(_NAME, described())])


@cache
def _validator(reference: str) -> jsonschema_rs.Validator:
    """Return what checks one answer. It refers to the document: one that holds a copy takes 36 ms and some megabytes."""
    return jsonschema_rs.validator_for({"$ref": reference}, registry=_registry(), validate_formats=True)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
