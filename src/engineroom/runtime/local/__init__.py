"""This host as a runtime: slots planned here, processes kept by the keeper."""

from engineroom.runtime.local.runtime import LocalRuntime

__all__ = ["LocalRuntime"]
