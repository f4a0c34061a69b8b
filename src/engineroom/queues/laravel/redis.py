"""Which Redis a connection of the application is, and how the framework connects to it."""

from engineroom.queues import url
from engineroom.queues.base import RedisQueues, Tls, UnmeasurableError
from engineroom.queues.certificates import authorities
from engineroom.queues.laravel.functions import merged
from engineroom.queues.laravel.settings import LaravelSettings, at, known_array, known_integer, known_text
from engineroom.queues.laravel.values import Array, Value, as_boolean

_PORT = 6379
_TLS = frozenset({"tls", "ssl", "tlsv1.2", "rediss"})
_PLAIN = frozenset({"", "tcp", "redis"})
_HASH_TAGS_SINCE = (13, 5)


def connection(settings: LaravelSettings, name: str) -> RedisQueues:
    """Return the Redis of this name. Raises UnmeasurableError."""
    servers = at(settings.database, "redis")
    options = known_array(at(servers, "options")) or {}
    single = at(servers, name)
    if single is None:
        return _cluster(settings, name, options)
    config = url.parsed({"url": single} if isinstance(single, str) else _known(single))
    driver = known_text(at(config, "driver")).lower()
    if driver in {"tcp", "tls"}:
        config = {**config, "scheme": driver}
    return _server(settings, config, options)


def _known(value: Value) -> Array:
    config = known_array(value)
    if config is None:
        raise UnmeasurableError("its Redis connection is no array")
    at(config, "url")
    return config


def _server(settings: LaravelSettings, config: Array, options: Array) -> RedisQueues:
    scheme, host = _place(config)
    socket = known_text(at(config, "path")) if scheme == "unix" else host if host.startswith("/") else None
    credentials = _credentials(config)
    return RedisQueues(
        host=host or "127.0.0.1",
        port=_port(config),
        database=known_integer(at(config, "database")),
        username=credentials[0],
        password=credentials[1],
        socket=socket or None,
        tls=_tls(settings, config, options) if scheme in _TLS else None,
        prefix=_prefix(config, options),
        certain=settings.certain,
    )


def _place(config: Array) -> tuple[str, str]:
    """Return scheme and host; a host may carry the scheme."""
    host = known_text(at(config, "host"))
    scheme = known_text(at(config, "scheme")).lower()
    if "://" in host:
        given, _, host = host.partition("://")
        scheme = given.lower()
    if scheme not in _TLS | _PLAIN | {"unix"}:
        raise UnmeasurableError(f"the scheme {scheme!r} of its Redis connection is not known")
    return scheme, host


def _port(config: Array) -> int:
    port = known_integer(at(config, "port")) or _PORT
    if not 0 < port < 1 << 16:
        raise UnmeasurableError(f"the port {port} of its Redis is none")
    return port


def _credentials(config: Array) -> tuple[str | None, str | None]:
    """Return name and password, as they are sent: without a password, a name is not."""
    password = known_text(at(config, "password"))
    return (known_text(at(config, "username")) or None, password) if password else (None, None)


def _prefix(config: Array, options: Array) -> str:
    """Return what is put before every key: the connection's own goes before that of all."""
    own = at(config, "prefix")
    if own is None:
        own = at(merged(options, known_array(at(config, "options")) or {}), "prefix")
    return known_text(own)


def _cluster(settings: LaravelSettings, name: str, options: Array) -> RedisQueues:
    clusters = at(settings.database, "redis", "clusters")
    nodes = known_array(at(clusters, name))
    first = known_array(at(nodes, 0)) if nodes else None
    if nodes is None or first is None:
        raise UnmeasurableError(
            f"{settings.source} has no Redis connection {name!r}, where its queue connection has its jobs"
        )
    if settings.version is None:
        raise UnmeasurableError(
            "nothing tells the version of Laravel, and with it the keys of a queue in a cluster: there is no composer.lock"
        )
    cluster = known_array(at(clusters, "options")) or {}
    config = url.parsed(first)
    every = merged(options, cluster, known_array(at(nodes, "options")) or {})
    server = _server(settings, {**config, "options": every}, {})
    password = at(every, "password") or at(config, "password")
    name_and_password = _credentials({**config, **every, "password": password})
    return RedisQueues(
        host=server.host,
        port=server.port,
        username=name_and_password[0],
        password=name_and_password[1],
        tls=server.tls,
        cluster=True,
        hash_tag=settings.version >= _HASH_TAGS_SINCE,
        prefix=server.prefix,
        certain=settings.certain,
    )


def _tls(settings: LaravelSettings, config: Array, options: Array) -> Tls:
    """Return what the connection's `context` (phpredis) or `ssl` (Predis) says of certificates."""
    own = merged(options, known_array(at(config, "options")) or {}, config)
    context = at(own, "ssl") or at(own, "context") or at(own, "parameters", "ssl") or {}
    given = at(context, "stream") or at(context, "ssl") or context
    if at(given, "peer_name"):
        raise UnmeasurableError(
            "its Redis must show another name than its host's (peer_name), which cannot be checked here"
        )
    if at(given, "local_cert"):
        raise UnmeasurableError(
            "its Redis asks for a certificate of the application's (local_cert), which cannot be shown here"
        )
    return Tls(
        authorities=authorities(settings.folder, known_text(at(given, "cafile"))),
        verify=_holds(at(given, "verify_peer"))
        and not (at(given, "allow_self_signed") and not at(given, "cafile")),
        verify_name=_holds(at(given, "verify_peer_name")),
    )


def _holds(value: Value) -> bool:
    """Return whether a check is made, which is so unless it is switched off."""
    return value is None or as_boolean(value) is True
