"""What should be, on disk: tables, one module of queries per noun, and the engine that runs them."""

from engineroom.store.engine.store import Store

__all__ = ["Store"]
