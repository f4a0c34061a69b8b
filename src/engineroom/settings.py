"""Settings: read once at the edge from `settings.toml` in the data folder and from `ENGINEROOM_…` variables."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_BIND = "127.0.0.1:8787"
DEFAULT_RATE_LIMIT = 120
DEFAULT_HOST_RESERVE = 15
_MAX_HOST_RESERVE = 90
_MAX_RATE_LIMIT = _LARGEST = 1_000_000
DEFAULT_LOG_DAYS = 14
DEFAULT_LOG_MEGABYTES = 5_000
DEFAULT_OUTPUT_KEPT_MEGABYTES = 8
DEFAULT_QUEUE_NETWORKS_DENIED = "169.254.0.0/16, fe80::/10, fd00:ec2::/32"
"""Link-local addresses, and what clouds tell their machines about themselves, keys included (169.254.169.254)."""
_KNOWN = frozenset(
    {
        "allowed_hosts",
        "bind",
        "database",
        "drain_seconds",
        "host_reserve",
        "log_days",
        "log_megabytes",
        "otlp_endpoint",
        "output_kept_megabytes",
        "queue_networks_allowed",
        "queue_networks_denied",
        "rate_limit",
        "trusted_proxies",
    }
)
"""What may be in the file; `ENGINEROOM_` and the name in capitals is its variable."""


class SettingsError(Exception):
    """A setting cannot be used, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where engineroom keeps its data, where it listens, how often a token may call, and how much of the log is kept.

    `database` is the address of a PostgreSQL database, or None for a SQLite file in the data folder. `key` holds the keys
    that secrets are encrypted with, when they are not to be kept in a file.

    Port 0 means any free port. `rate_limit` is how many ordinary calls a minute a token may make, 0 for as many as it likes.
    `host_reserve` is how many percent of the host's memory and CPU scaling leaves free, 0 for scaling without regard to it.
    The log is kept for `log_days` at most, and in `log_megabytes` (of a million bytes) at most.
    `output_kept_megabytes` of each stream of a process are kept while nobody reads them. `otlp_endpoint` is the address of
    the OpenTelemetry collector that metrics are sent to, or None. With `drain_seconds`, a server that is asked to end drains
    everything first, and kills after that time what has not ended. Queues are measured at addresses in
    `queue_networks_allowed`, at any where there are none, but never in `queue_networks_denied`.

    Of `trusted_proxies` the `X-Forwarded-…` headers are believed, of nobody else. `allowed_hosts` are names that the server
    is known by, besides those of this machine and the one that it listens on.
    """

    data: Path
    database: str | None
    key: str | None
    host: str
    port: int
    rate_limit: int
    host_reserve: int
    log_days: int
    log_megabytes: int
    output_kept_megabytes: int
    otlp_endpoint: str | None
    drain_seconds: int | None
    queue_networks_allowed: tuple[str, ...]
    queue_networks_denied: tuple[str, ...]
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    allowed_hosts: tuple[str, ...]
    alerts: Mapping[str, Any]
    """The `alerts` table of the file; what may be in it is known to who reads it."""

    @property
    def database_file(self) -> Path:
        """The SQLite file, which is used when no database is named."""
        return self.data / "engineroom.db"

    @property
    def telemetry(self) -> Path:
        """The folder for logs and metrics."""
        return self.data / "telemetry"

    @property
    def key_file(self) -> Path:
        """The keys that secrets are encrypted with, one a line, the present one first."""
        return self.data / "secrets.key"

    @property
    def host_file(self) -> Path:
        """The name of this host among others whose servers work on the same database."""
        return self.data / "host"

    @property
    def server_lock(self) -> Path:
        """The file that the server of this folder holds locked, with its pid in it."""
        return self.data / "server.lock"

    @property
    def keeper(self) -> Path:
        """The keeper's folder."""
        return self.data / "keeper"

    @property
    def output_kept_bytes(self) -> int:
        """How much of each stream of a process is kept while nobody reads it."""
        return self.output_kept_megabytes * 1024 * 1024


def load(
    *, data: Path | None = None, bind: str | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings: an argument wins over a variable, a variable over the file, the file over the default.

    Raises SettingsError when one of them makes no sense.
    """
    folder = (data or _default_data(environment)).expanduser().absolute()
    file = _from_file(folder)
    given = {**_texts(file), **_from_variables(environment)}
    host, port = _parse_bind(bind or given.get("bind") or DEFAULT_BIND)
    rate_limit = _parse_rate_limit(given.get("rate_limit", str(DEFAULT_RATE_LIMIT)))
    host_reserve = _parse_host_reserve(given.get("host_reserve", str(DEFAULT_HOST_RESERVE)))
    return Settings(
        data=folder,
        database=_parse_database(given.get("database")),
        key=environment.get("ENGINEROOM_KEY") or None,
        host=host,
        port=port,
        rate_limit=rate_limit,
        host_reserve=host_reserve,
        log_days=_positive("log_days", given, DEFAULT_LOG_DAYS),
        log_megabytes=_positive("log_megabytes", given, DEFAULT_LOG_MEGABYTES),
        output_kept_megabytes=_positive("output_kept_megabytes", given, DEFAULT_OUTPUT_KEPT_MEGABYTES),
        otlp_endpoint=_parse_otlp_endpoint(given.get("otlp_endpoint")),
        trusted_proxies=tuple(map(_parse_network, _several("trusted_proxies", given))),
        allowed_hosts=tuple(map(_parse_host_name, _several("allowed_hosts", given))),
        queue_networks_allowed=_parse_networks("queue_networks_allowed", given, ""),
        queue_networks_denied=_parse_networks("queue_networks_denied", given, DEFAULT_QUEUE_NETWORKS_DENIED),
        drain_seconds=_positive("drain_seconds", given, 60) if "drain_seconds" in given else None,
        alerts=file.get("alerts", {}),
    )


def _default_data(environment: Mapping[str, str]) -> Path:
    if environment.get("ENGINEROOM_DATA"):
        return Path(environment["ENGINEROOM_DATA"])
    base = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base) / "engineroom"


def _from_file(folder: Path) -> dict[str, Any]:
    path = folder / "settings.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}; correct or remove it") from None
    unknown = content.keys() - _KNOWN - {"alerts"}
    if unknown:
        known = ", ".join(sorted(_KNOWN | {"alerts"}))
        raise SettingsError(f"{path} has unknown settings: {', '.join(sorted(unknown))}; known are: {known}")
    if not isinstance(content.get("alerts", {}), dict):
        raise SettingsError(f"{path} has no table of alerts: write [alerts] and what belongs to it below")
    return content


def _texts(file: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that a variable may have too, as the text that it would have."""
    return {name: _as_text(value) for name, value in file.items() if name in _KNOWN}


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _several(name: str, given: Mapping[str, str]) -> list[str]:
    """Return the parts of a setting that is a list in the file, and has commas in a variable."""
    return [part.strip() for part in given.get(name, "").split(",") if part.strip()]


def _parse_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise SettingsError(
            f"cannot trust the proxy {text!r}: give trusted_proxies as addresses or networks, such as 127.0.0.1 or "
            "10.0.0.0/8"
        ) from None


def _parse_host_name(text: str) -> str:
    if text != "*" and not re.fullmatch(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", text):
        raise SettingsError(
            f"cannot answer for the host {text!r}: give allowed_hosts as names without a port, such as "
            "engineroom.example.com, .example.com for all below it, or * for any"
        )
    return text


def _from_variables(environment: Mapping[str, str]) -> dict[str, str]:
    names = {name: f"ENGINEROOM_{name.upper()}" for name in _KNOWN}
    return {name: environment[variable] for name, variable in names.items() if environment.get(variable)}


def _parse_bind(text: object) -> tuple[str, int]:
    host, _, port = str(text).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"cannot listen on {text!r}: give HOST:PORT, such as {DEFAULT_BIND}")
    return host, int(port)


def _parse_rate_limit(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_RATE_LIMIT:
        raise SettingsError(
            f"cannot limit calls to {text!r} a minute: give rate_limit as a number, {DEFAULT_RATE_LIMIT} as Laravel Cloud "
            "has it, 0 for no limit"
        )
    return int(text)


def _parse_host_reserve(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_HOST_RESERVE:
        raise SettingsError(
            f"cannot keep {text!r} of the host free: give host_reserve in percent, from 0 to {_MAX_HOST_RESERVE}"
        )
    return int(text)


def _positive(name: str, given: Mapping[str, str], default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _LARGEST):
        raise SettingsError(
            f"cannot use {text!r} as {name}: give a whole number, at least 1; {default} is the default"
        )
    return int(text)


def _parse_otlp_endpoint(text: str | None) -> str | None:
    if text and not text.startswith(("http://", "https://")):
        raise SettingsError(
            f"cannot send metrics to {text!r}: give otlp_endpoint as an address such as http://127.0.0.1:4318"
        )
    return text or None


def _parse_networks(name: str, given: Mapping[str, str], default: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(word)) for word in _several(name, {name: default, **given}))
    except ValueError as error:
        raise SettingsError(
            f"cannot use {name}: {error}; give networks with commas between, such as 10.0.0.0/8, fd00::/8"
        ) from None


def _parse_database(text: str | None) -> str | None:
    if text is not None and not text.startswith("postgresql://"):
        # Not the text itself: there may be a password in it.
        raise SettingsError(
            "cannot use the database setting: give it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
            "or leave it out for a SQLite file in the data folder"
        )
    return text
