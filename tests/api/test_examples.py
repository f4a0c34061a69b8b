"""The examples of the API's document: each request is made, and its answer is the one that stands there."""

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from engineroom.api.endpoints import ENDPOINTS
from engineroom.store import Store
from tests.project.repository import text
from tests.support.api import Api, an_api

EXAMPLE = re.compile(r"^```http\n([A-Z]+) (\S+)\n(.*?)^(\d{3})\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARYING = (
    (r"/sign-in/[\w-]+", "/sign-in/…"),
    (r"\bexchange_code=[\w-]+", "exchange_code=…"),
    (r"\b([a-z]+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", r"\1-…"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "2026-11-28T12:00:00.000000Z"),
    (r"\ber_[\w-]{43}", "er_…"),
    (r"\bbase64:[\w+/]{43}=", "base64:…"),
    (r"-[a-z0-9]{6}\.laravel\.cloud", "-….laravel.cloud"),
    (r"http://testserver", "http://127.0.0.1:8787"),
)
"""What is another one each time, and what stands for it in the document."""

SERVICE = {
    "name": "Workers",
    "type": "service",
    "size": "flex.c-1vcpu-256mb",
    "scaling_type": "none",
    "min_replicas": 1,
    "max_replicas": 1,
    "uses_scheduler": False,
}


@dataclass(frozen=True)
class Example:
    """One request as the document has it, and what it says of the answer."""

    method: str
    path: str
    body: str
    status: int
    answer: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


EXAMPLES = [
    Example(method, path, body.strip(), int(status), answer.strip())
    for method, path, body, status, answer in EXAMPLE.findall(text("docs/api.md"))
]


@pytest.fixture
def api(sqlite_store: Store, tmp_path: Path) -> Iterator[Api]:
    with an_api(sqlite_store, tmp_path) as made:
        yield made


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_of_the_document_is_answered_as_it_says(api: Api, example: Example) -> None:
    answer = asked(api, example)

    assert answer.status_code == example.status, answer.text
    expected = [usual(line) for line in example.answer.splitlines()]
    found = written(answer)
    assert " ".join(expected) == " ".join(found), "The document should say:\n" + "\n".join(found)


def test_every_endpoint_that_changes_something_has_an_example() -> None:
    # Those of managed queues all answer that there are none.
    changing = {
        f"{endpoint.method} {endpoint.path}"
        for endpoint in ENDPOINTS
        if endpoint.method != "GET" and not endpoint.name.startswith("managed_queues.")
    }

    assert {str(example) for example in EXAMPLES} == changing


def asked(api: Api, example: Example) -> httpx.Response:
    """Return the answer to the request, on what there is in the place of the names in its address."""
    path = re.sub(r"{(\w+)}", lambda match: there(api, example, match[1]), example.path)
    body = example.body
    if "CODE" in body:
        body = body.replace("CODE", exchange_code(api))
    body = body.replace("TOKEN", api.client.headers["authorization"].removeprefix("Bearer "))
    headers = {"content-type": "application/json"}
    if body.startswith("--"):
        boundary = body.partition("\n")[0].removeprefix("--")
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        body = body.replace("\n", "\r\n") + "\r\n"
    elif body.startswith("token="):
        headers = {"content-type": "application/x-www-form-urlencoded"}
    found: httpx.Response = api.client.request(example.method, path, content=body.encode(), headers=headers)
    return found


def there(api: Api, example: Example, name: str) -> str:
    """Return the id of what is there, made for the example where the API is empty otherwise."""
    environment = f"/api/environments/{api.linked.environment}"
    match name:
        case "backgroundProcess":
            return api.made()
        case "instance" if example.method == "DELETE":
            # The app's own instance cannot be deleted.
            return made(api, f"{environment}/instances", SERVICE)
        case "token":
            return made(api, "/api/tokens", {"name": "deploy"})
        case "session":
            answer = api.client.request("POST", "/api/cli/auth-sessions", json={"port": 49513})
            return str(answer.json()["redirect_url"]).rpartition("/")[2]
    return str(getattr(api.linked, name))


def exchange_code(api: Api) -> str:
    """Sign in as a browser does, and return the code that it brings to its client."""
    signing_in = Example("POST", "/sign-in/{session}", "token=TOKEN", 303, "")
    return asked(api, signing_in).headers["location"].partition("exchange_code=")[2]


def made(api: Api, path: str, body: Any) -> str:
    return str(api.client.request("POST", path, json=body).json()["data"]["id"])


def written(answer: httpx.Response) -> list[str]:
    """Return the lines that stand in the document for an answer."""
    if not answer.content:
        location = answer.headers.get("location")
        return [usual(f"Location: {location}")] if location else []
    content = usual(json.dumps(answer.json(), ensure_ascii=False))
    return textwrap.wrap(content, 118, break_long_words=False, break_on_hyphens=False)


def usual(line: str) -> str:
    """Return the line with the usual word for what varies."""
    for pattern, word in VARYING:
        line = re.sub(pattern, word, line)
    return line
