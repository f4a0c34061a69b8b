"""Addresses in a configuration, taken apart as the framework does (`Illuminate\\Support\\ConfigurationUrlParser`)."""

import json
import re
from typing import NoReturn
from urllib.parse import unquote, unquote_plus

from engineroom.queues.base import UnmeasurableError
from engineroom.queues.laravel.values import Array, Value, of_json

_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z0-9+.-]+)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.DOTALL,
)
_DRIVERS = {
    "mssql": "sqlsrv",
    "mysql2": "mysql",
    "postgres": "pgsql",
    "postgresql": "pgsql",
    "sqlite3": "sqlite",
    "redis": "tcp",
    "rediss": "tls",
}
_HIGHEST_PORT = 65535


def parsed(config: Array) -> Array:
    """Return a connection with what its `url` says in the place of what it says otherwise. Raises UnmeasurableError."""
    rest = {key: value for key, value in config.items() if key != "url"}
    url = config.get("url")
    if not url:
        return rest
    if not isinstance(url, str):
        raise UnmeasurableError("its address is no text")
    return {**rest, **options(url)}


def options(url: str) -> Array:
    """Return what an address says, its options included. Raises UnmeasurableError, which never shows a password."""
    match = _PARTS.fullmatch(re.sub("^(sqlite3?):///", r"\1://null/", url))
    if match is None:
        raise UnmeasurableError(
            "its address is none: it must be like SCHEME://USER:PASSWORD@HOST:PORT/DATABASE"
        )
    user, password, host, port = _authority(match["authority"])
    path = match["path"] or ""
    found: dict[str, Value] = {
        "driver": _DRIVERS.get(match["scheme"], match["scheme"]),
        "database": unquote(path[1:]) or None,
        "host": _native(unquote(host)),
        "port": port,
        "username": None if user is None else _native(unquote(user)),
        "password": None if password is None else _native(unquote(password)),
    }
    given: Array = {key: value for key, value in found.items() if value is not None}
    return {**given, **_query(match["query"] or "")}


def _authority(text: str) -> tuple[str | None, str | None, str, int | None]:
    credentials, at, place = text.rpartition("@")
    user, colon, password = credentials.partition(":")
    # A colon inside the brackets of an address of version 6 is none before a port.
    bracketed, _, behind = place.rpartition("]")
    host, colon_before_port, port = behind.rpartition(":")
    host = bracketed.removeprefix("[") or (host if colon_before_port else behind)
    if not host:
        raise UnmeasurableError("its address names no host")
    return (
        user if at else None,
        password if colon else None,
        host,
        _port(port) if colon_before_port and port else None,
    )


def _port(text: str) -> int:
    digits = re.match("[0-9]{1,5}", text)
    if digits is None or len(text) > 5 or int(digits[0]) > _HIGHEST_PORT:
        raise UnmeasurableError(
            f"its address has the port {text[:20]!r}, and there is none beyond {_HIGHEST_PORT}"
        )
    return int(digits[0])


def _query(text: str) -> Array:
    """Return what `parse_str` makes of the options, `a[b]=c` being a part of `a`."""
    found: Array = {}
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        first, *inner = re.findall(r"[^\[\]]+", unquote_plus(name)) or [""]
        *outer, last = re.sub("[. ]", "_", first), *inner
        target = found
        for key in outer:
            child = target.setdefault(key, {})
            target = child if isinstance(child, dict) else {}
        target[last] = _native(unquote_plus(value))
    return found


def _native(text: str) -> Value:
    """Return the value that a text is in JSON, and else the text: a number is one."""
    try:
        return of_json(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return text


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)
