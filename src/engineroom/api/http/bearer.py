"""The secret that a caller shows (RFC 6750, section 2.1)."""

from starlette.requests import Request

from engineroom.model.token import secret_hash


def shown_hash(request: Request) -> str | None:
    """Return the hash of the token's secret in the request, None where there is none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    return secret_hash(secret) if secret and scheme.lower() == "bearer" else None


def caller(request: Request) -> str:
    """Return who calls, as far as calls are counted: the token, known or not, or the address where there is none."""
    return shown_hash(request) or (request.client.host if request.client else "")
