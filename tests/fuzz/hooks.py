"""What Schemathesis loads: ids that exist, for three of four addresses. Without them nearly every answer would be 404."""

import os
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import schemathesis

from tests.fuzz.names import ADDRESS, TOKEN
from tests.support.waiting import patient

_LOOK_AGAIN_SECONDS = 5.0
_LISTENED_SECONDS = 2.0
_LEFT_AS_IT_IS = 4
"""One address in so many keeps the id that was made up."""

_BELOW = {
    "application": ("environment", "/api/applications/{}/environments"),
    "environment": ("instance", "/api/environments/{}/instances"),
    "instance": ("backgroundProcess", "/api/instances/{}/background-processes"),
}
_OTHERS = {
    "operation": "/api/operations",
    "token": "/api/tokens",
    "deployment": "/api/environments/{}/deployments",
    "command": "/api/environments/{}/commands",
}


class Known:
    """The ids of what there is, by kind, looked up again every few seconds: requests delete what they find."""

    def __init__(self, address: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=address,
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=patient(30),
        )
        self._ids: dict[str, list[str]] = {}
        self._look_at = 0.0

    def one(self, kind: str, hint: str) -> str | None:
        """Return an id of a kind, chosen by `hint`; None when there is none, or it is better to have none."""
        if time.monotonic() >= self._look_at:
            self._ids = self._look()
            self._look_at = time.monotonic() + _LOOK_AGAIN_SECONDS
        chosen = zlib.crc32(hint.encode("utf-8", "surrogatepass"))
        ids = self._ids.get(kind, [])
        if not ids or chosen % _LEFT_AS_IT_IS == 0:
            return None
        return ids[chosen // _LEFT_AS_IT_IS % len(ids)]

    def _look(self) -> dict[str, list[str]]:
        found = {"application": list(self._list("/api/applications"))}
        for kind, (below, path) in _BELOW.items():
            found[below] = [each for above in found[kind][:5] for each in self._list(path.format(above))]
        for kind, path in _OTHERS.items():
            above = found["environment"][:3] if "{}" in path else [""]
            found[kind] = [each for one in above for each in self._list(path.format(one))]
        # The first token is the one that all of this is asked with.
        found["token"] = found["token"][1:]
        return found

    def _list(self, path: str) -> Iterator[str]:
        answer = self._http.get(path)
        if answer.is_success:
            yield from (each["id"] for each in answer.json()["data"])


_known = Known(os.environ[ADDRESS], os.environ[TOKEN])


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Put ids that exist in the place of most of those that were made up."""
    if not path_parameters:
        return path_parameters
    return {kind: _known.one(kind, str(made_up)) or made_up for kind, made_up in path_parameters.items()}


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Leave a stream after a moment: it goes on for as long as somebody listens."""
    if "follow" in (case.query or {}):
        kwargs["timeout"] = _LISTENED_SECONDS
