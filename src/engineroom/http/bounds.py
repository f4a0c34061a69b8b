"""How much of the server one peer, one connection and one request may take."""

from __future__ import annotations

import resource
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits of a connection. No client that means well comes near them.

    `head_bytes` are the most that is read without getting any further: the head of a request, the trailers or the extensions
    of a chunk. `response_stall_seconds` is how long a client may take nothing of what is sent to it.
    """

    head_bytes: int = 32 * 1024
    headers: int = 100
    url_bytes: int = 16 * 1024
    pipelined: int = 32
    head_seconds: float = 10.0
    body_seconds: float = 60.0
    unread_body_seconds: float = 5.0
    response_stall_seconds: float = 60.0


_KEPT_FREE = 256
"""Descriptors for the store, the log, the keeper and what is read of processes."""
_FEWEST = 64


@dataclass(slots=True)
class Peers:
    """The connections that are open, by the address at the other end.

    One peer may have half of what there may be; a trusted proxy, behind which there are many, all of it.
    """

    most: int
    _open: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_this_process(cls) -> Peers:
        """Return the connections that this process has descriptors for."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(max(_FEWEST, soft - _KEPT_FREE))

    def join(self, peer: str, *, proxy: bool) -> bool:
        """Count a new connection; return whether it may stay. `leave` is called for it in either case."""
        self._open[peer] += 1
        return self._open.total() <= self.most and (proxy or self._open[peer] <= self.most // 2)

    def leave(self, peer: str) -> None:
        """Count a connection that is gone."""
        self._open[peer] -= 1
        if not self._open[peer]:
            del self._open[peer]
