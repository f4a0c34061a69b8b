"""The errors of the API, in the contract's shape (contract sheet, section 1.12)."""

from collections.abc import Mapping, Sequence

import msgspec

Errors = Mapping[str, Sequence[str]]


class ApiError(Exception):
    """A request that is answered with an error. `headers` are sent besides the usual ones."""

    status = 500
    headers: Mapping[str, str] = {}

    def body(self) -> bytes:
        """Return the answer's body."""
        return msgspec.json.encode({"message": str(self)})


class MalformedError(ApiError):
    """The body is not JSON, or not an object."""

    status = 400


class UnauthenticatedError(ApiError):
    """There is no token, or none that is known."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Unauthenticated.")


class ForbiddenError(ApiError):
    """The token does not have the ability that the endpoint asks for."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This action is unauthorized.")


class NotFoundError(ApiError):
    """There is nothing under this address, or it belongs to another organization."""

    status = 404

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or "Not found.")


class MethodNotAllowedError(ApiError):
    """The address has no such method."""

    status = 405

    def __init__(self, method: str, path: str, allowed: Sequence[str]) -> None:
        methods = ", ".join(allowed)
        super().__init__(
            f"The {method} method is not supported for route {path.lstrip('/')}. Supported methods: {methods}."
        )
        self.headers = {"allow": methods}


class TooLargeError(ApiError):
    """The body is larger than any request needs."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request's body is too large: {limit} bytes are the most that is read.")


class MediaTypeError(ApiError):
    """The body is, or says that it is, something that is not read here."""

    status = 415

    def __init__(self, media_type: str) -> None:
        super().__init__(
            f"Cannot read a body of the type {media_type!r}. Send JSON, with the header Content-Type: application/json."
        )


class ConflictError(ApiError):
    """What was asked for cannot be done in the present state; the message says why, and what to do."""

    status = 422


class InvalidError(ApiError):
    """Fields are wrong: all of them at once, in the words of the framework whose clients read them."""

    status = 422

    def __init__(self, errors: Errors) -> None:
        texts = [text for of_field in errors.values() for text in of_field]
        others = len(texts) - 1
        more = f" (and {others} more error{'s' if others > 1 else ''})" if others else ""
        super().__init__(texts[0] + more)
        self.errors = errors

    def body(self) -> bytes:
        """Return the answer's body, with the texts by field."""
        return msgspec.json.encode({"message": str(self), "errors": self.errors})


class TooManyError(ApiError):
    """The caller has made as many calls as it may for now."""

    status = 429

    def __init__(self, retry_after_seconds: int, headers: Mapping[str, str]) -> None:
        super().__init__("Too Many Attempts.")
        self.headers = {**headers, "retry-after": str(retry_after_seconds)}


class FailedError(ApiError):
    """Something broke on our side; the id finds the reason in the log."""

    def __init__(self, error_id: str) -> None:
        super().__init__("Server Error")
        self.error_id = error_id

    def body(self) -> bytes:
        """Return the answer's body, with the id that was logged."""
        return msgspec.json.encode({"message": str(self), "id": self.error_id})


class NotReadyError(ApiError):
    """The store cannot be reached just now, is locked, or takes no changes; the message says why, and what to do."""

    status = 503
    headers: Mapping[str, str] = {"retry-after": "5"}


class NoStorageError(ApiError):
    """There is no room to store the change, of which nothing was done."""

    status = 507
