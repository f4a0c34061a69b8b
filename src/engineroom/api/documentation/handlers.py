"""The description of the API: as an OpenAPI document for programs, and as a page for people."""

from collections.abc import Callable, Sequence
from functools import cached_property

import msgspec

from engineroom.api.calls.call import Call
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.http.answer import Answer
from engineroom.api.http.media_types import HTML, JSON


class Documentation:
    """Describes a table of endpoints, which is only asked for when the first description is."""

    def __init__(self, table: Callable[[], Sequence[Endpoint]]) -> None:
        self._table = table

    async def openapi(self, call: Call) -> Answer:
        """Describe the API as an OpenAPI 3.1 document."""
        if not call.prefix:
            return Answer(self._openapi, media_type=JSON)
        found = msgspec.json.decode(self._openapi)
        return Answer(msgspec.json.encode({**found, "servers": [{"url": call.prefix}]}), media_type=JSON)

    async def page(self, _call: Call) -> Answer:
        """Describe the API on a page to be read."""
        return Answer(self._page, media_type=HTML)

    @cached_property
    def _openapi(self) -> bytes:
        from engineroom.api.documentation.openapi import document  # noqa: PLC0415 - most servers are never asked

        return msgspec.json.encode(document(self._table()))

    @cached_property
    def _page(self) -> bytes:
        from engineroom.api.documentation.page import page  # noqa: PLC0415 - most servers are never asked

        return page(msgspec.json.decode(self._openapi)).encode()
