"""The page that shows the OpenAPI document to people: plain HTML that needs no script and no network."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import msgspec

_CODE = re.compile(r"`([^`]+)`")
_EMPHASIS = re.compile(r"\*([^*]+)\*")
_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
h2 { margin-top: 2em; text-transform: capitalize }
summary { cursor: pointer; padding: .3em 0 }
code, pre { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere }
pre { background: #f5f5f2; padding: .8em; overflow-x: auto }
table { border-collapse: collapse } td, th { padding: .15em 1em .15em 0; text-align: left; vertical-align: top }
.method { display: inline-block; min-width: 4.5em; font-weight: 600 }
.about { color: #555 }
details > :not(summary) { margin-left: 1.2em }
@media (prefers-color-scheme: dark) {
  body { background: #1b1b1a; color: #ddd } pre { background: #262624 } .about { color: #aaa } a { color: #8ab4f8 }
}
"""


def page(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    info = document["info"]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
            f"<title>{escape(info['title'])}: the API</title><style>{_STYLE}</style>",
            f"<h1>{escape(info['title'])} {escape(info['version'])}: the API</h1>",
            *(f"<p>{_text(paragraph)}</p>" for paragraph in info["description"].split("\n\n")),
            '<p>For programs: <a href="openapi.json">openapi.json</a>.</p>',
            *_groups(document["paths"]),
            "<h2>Schemas</h2>",
            *_schemas(document["components"]["schemas"]),
            "</html>",
        ]
    )


def _groups(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for path, operations in paths.items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append("".join(_operation(method, path, operation)))
    for name, shown in groups.items():
        yield f"<h2>{escape(name)}</h2>"
        yield from shown


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    address = f'<code class="method">{method.upper()}</code> <code>{escape(path)}</code>'
    yield f'<details><summary>{address}<br><span class="about">{_text(operation["summary"])}</span></summary>'
    yield f'<p class="about">{_text(operation["description"])}</p>'
    if operation["parameters"]:
        yield "<table>"
        for parameter in operation["parameters"]:
            cells = (f"<code>{escape(parameter['name'])}</code>", parameter["in"], _about(parameter))
            yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        yield "</table>"
    if "requestBody" in operation:
        yield f"<p>Body: {_contents(operation['requestBody'])}</p>"
    yield "<table>"
    for status, response in operation["responses"].items():
        yield f"<tr><th>{status}<td>{_text(response['description'])}<td>{_contents(response)}"
    yield "</table></details>"


def _about(parameter: Mapping[str, Any]) -> str:
    values = parameter["schema"].get("items", parameter["schema"]).get("enum", [])
    return _text(" ".join([parameter.get("description", ""), ", ".join(map(str, values))]).strip())


def _contents(holder: Mapping[str, Any]) -> str:
    """Return what is in a body: a link to its schema where that has a name, else the schema itself."""
    return " ".join(_content(media["schema"]) for media in holder.get("content", {}).values())


def _content(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    return f"<details><summary>schema</summary>{_code(schema)}</details>" if schema else ""


def _schemas(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        shown = escape(name)
        yield f'<details id="{shown}"><summary><code>{shown}</code></summary>{_code(schema)}</details>'


def _code(schema: Mapping[str, Any]) -> str:
    return f"<pre>{escape(msgspec.json.format(msgspec.json.encode(schema)).decode())}</pre>"


def _text(markdown: str) -> str:
    """Return the little Markdown that our descriptions have."""
    return _EMPHASIS.sub(r"<em>\1</em>", _CODE.sub(r"<code>\1</code>", escape(markdown)))
