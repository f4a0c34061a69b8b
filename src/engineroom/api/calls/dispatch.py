"""From a request to the endpoint's handler, and from what it answers or raises to the response."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from engineroom.api.calls.access import Access
from engineroom.api.calls.auditing import audit_entry
from engineroom.api.calls.call import Call
from engineroom.api.calls.control_plane import ControlPlaneApi
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.calls.failures import as_api_error
from engineroom.api.calls.query import note_ignored
from engineroom.api.calls.token_validity import TokenValidity
from engineroom.api.calls.unsupported import why_unsupported
from engineroom.api.document import ignored
from engineroom.api.http.answer import Answer
from engineroom.api.http.bearer import caller
from engineroom.api.http.errors import MethodNotAllowedError, NotFoundError, TooManyError
from engineroom.api.http.rate_limits import Bucket, RateLimits
from engineroom.api.http.responses import error_response, preflight, response
from engineroom.model.token import Token
from engineroom.store.queries.access import audit


@dataclass(frozen=True, slots=True)
class Dispatching:
    """What all addresses share."""

    control: ControlPlaneApi
    access: Access
    limits: RateLimits
    validity: TokenValidity


class Address:
    """What answers at one address: it has an endpoint for each of its methods, and none where there is nothing."""

    def __init__(self, endpoints: Mapping[str, Endpoint], shared: Dispatching) -> None:
        self._endpoints = dict(endpoints)
        if "GET" in endpoints:
            self._endpoints["HEAD"] = endpoints["GET"]
        self._shared = shared

    async def respond(self, request: Request) -> Response:
        """Return the response to one request."""
        if request.method == "OPTIONS" and self._endpoints:
            return preflight(request, self._methods())
        endpoint = self._endpoints.get(request.method)
        counted: dict[str, str] = {}
        ignored.begin()
        try:
            counted = self._count(request, endpoint.bucket if endpoint else Bucket.ORDINARY)
            answer = await self._answer(request, endpoint)
            if request.method == "HEAD" and not isinstance(answer.body, bytes):
                answer = replace(answer, body=b"")
            return response(answer, {**counted, **ignored.header()})
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            return error_response(as_api_error(error, request), {**counted, **ignored.header()})

    async def _answer(self, request: Request, endpoint: Endpoint | None) -> Answer:
        if endpoint is None:
            raise self._nothing_here(request)
        note_ignored(endpoint, request.query_params)
        if endpoint.ability is None:
            return await endpoint.handler(Call(request, self._shared.control, endpoint, None))
        return await self._answer_admitted(request, endpoint)

    async def _answer_admitted(self, request: Request, endpoint: Endpoint) -> Answer:
        admitted = await self._shared.access.admit(request, endpoint)
        call = Call(request, self._shared.control, endpoint, admitted.token)
        subject = () if endpoint.subject is None else (admitted.subject,)
        with audit.attributed(lambda: audit_entry(request, endpoint, admitted.token)):
            return self._guarded(admitted.token, await endpoint.handler(call, *subject))

    def _guarded(self, token: Token, answer: Answer) -> Answer:
        """Return the answer, which ends with the token where it goes on for long."""
        if answer.body is None or isinstance(answer.body, bytes):
            return answer
        return replace(answer, body=self._shared.validity.while_valid(token, answer.body))

    def _count(self, request: Request, bucket: Bucket | None) -> dict[str, str]:
        """Count the call, and return the headers that say how many are left. Raises TooManyError when none was."""
        if bucket is None:
            return {}
        allowance = self._shared.limits.take(bucket, caller(request))
        headers = {
            "x-ratelimit-limit": str(allowance.limit),
            "x-ratelimit-remaining": str(allowance.remaining),
        }
        if allowance.retry_after_seconds is not None:
            raise TooManyError(allowance.retry_after_seconds, headers)
        return headers

    def _nothing_here(self, request: Request) -> Exception:
        if not self._endpoints:
            return NotFoundError(why_unsupported(request.url.path))
        return MethodNotAllowedError(request.method, request.url.path, self._methods())

    def _methods(self) -> list[str]:
        return sorted({*self._endpoints, "OPTIONS"})
