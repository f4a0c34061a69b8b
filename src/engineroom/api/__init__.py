"""HTTP: the contract's endpoints and ours, from one table."""

from engineroom.api.asgi import application

__all__ = ["application"]
