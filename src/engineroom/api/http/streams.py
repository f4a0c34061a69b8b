"""Answers that go on: server-sent events (HTML standard, section 9.2)."""

ALIVE = b": alive\n\n"
"""A comment. Proxies close what is silent for long, and only who writes learns that nobody listens any more."""

ALIVE_SECONDS = 15.0


def last_event_id(given: str | None) -> int | None:
    """Return the number behind which a client goes on, as its header Last-Event-ID says; None for one that begins."""
    return int(given) if given is not None and given.isascii() and given.isdecimal() else None


def event(name: str, data: bytes, id: str | None = None) -> bytes:
    """Return one event; `data` is one line of JSON. Behind one without an id, who comes again does not go on."""
    begin = b"" if id is None else b"id: %s\n" % id.encode()
    return begin + b"event: %s\ndata: %s\n\n" % (name.encode(), data)
