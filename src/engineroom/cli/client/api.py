"""A client of the API, for commands that work against a server, wherever that is."""

import http.client
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from engineroom.cli.errors import CommandError
from engineroom.settings import Settings

_TIMEOUT_SECONDS = 60.0
"""Longer than a stream is silent, so that only a server that is gone is given up."""

_REFUSALS = {
    http.client.UNAUTHORIZED: "the server does not know the token, or it has expired; make one with `engineroom token "
    "create NAME`, and give it as ENGINEROOM_TOKEN",
    http.client.NOT_FOUND: "there is none of this id, or none that the token may see; check both",
}
"""What the API says of these in a word, as Laravel Cloud's does: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Client:
    """The API at one address, with one token. A connection for each request: whoever follows keeps it for long."""

    url: str
    token: str

    def get(self, path: str, parameters: Mapping[str, object] | None = None) -> Any:
        """Return the answer. Raises CommandError."""
        with self._asked(path, parameters or {}, {}) as answer:
            return json.loads(answer.read())

    def stream(
        self, path: str, parameters: Mapping[str, object], headers: Mapping[str, str]
    ) -> Iterator[tuple[str, Any]]:
        """Yield the id and the data of each server-sent event, until the server ends it. Raises CommandError."""
        with self._asked(path, parameters, headers) as answer:
            id = ""
            for line in answer:
                name, _, value = line.rstrip(b"\n").partition(b": ")
                if name == b"id":
                    id = value.decode()
                elif name == b"data":
                    yield id, json.loads(value)

    @contextmanager
    def _asked(
        self, path: str, parameters: Mapping[str, object], headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
        address = f"{parts.path.rstrip('/')}{path}?{urlencode(dict(parameters))}"
        try:
            connection.request("GET", address, headers={"Authorization": f"Bearer {self.token}", **headers})
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise CommandError(f"cannot read {path}: {_reason(answer)}")
            if ignored := answer.getheader("engineroom-ignored"):
                sys.stderr.write(f"engineroom: warning: the server does not know, and ignored: {ignored}\n")
            yield answer
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"cannot reach {self.url}: {error}; is the server running?") from None
        finally:
            connection.close()


class UnreachableError(CommandError):
    """The server does not answer, or has ended in the middle of an answer."""


def client(found: Settings, url: str | None, token: str | None) -> Client:
    """Return the client that the options and the variables ask for. Raises CommandError when there is no token."""
    token = token or os.environ.get("ENGINEROOM_TOKEN")
    if not token:
        raise CommandError(
            "there is no token; make one with `engineroom token create NAME`, and give it as ENGINEROOM_TOKEN"
        )
    host = f"[{found.host}]" if ":" in found.host else found.host
    address = url or os.environ.get("ENGINEROOM_URL") or f"http://{host}:{found.port}"
    if not address.startswith(("http://", "https://")):
        raise CommandError(
            f"cannot use {address!r} as a server's address: it must begin with https:// or http://"
        )
    return Client(address, token)


def _reason(answer: http.client.HTTPResponse) -> str:
    if answer.status in _REFUSALS:
        return _REFUSALS[answer.status]
    try:
        return str(json.loads(answer.read())["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answers {answer.status}"
