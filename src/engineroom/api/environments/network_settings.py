"""The `network_settings` of an environment (contract sheet, section 4.2): kept and shown, as no edge network is here."""

from msgspec import Struct, field

from engineroom.api.document.moments import Timestamp, timestamp_or_none
from engineroom.model.applications import environment_settings as stored
from engineroom.model.applications.environment_settings import (
    CacheStrategy,
    ContentType,
    Frame,
    RateLimitLevel,
    RobotsTag,
)


class Cache(Struct):
    """What is cached."""

    strategy: CacheStrategy


class Hsts(Struct):
    """The header Strict-Transport-Security; `max_age` is seconds."""

    max_age: int | None
    include_subdomains: bool
    preload: bool


class ResponseHeaders(Struct):
    """The headers that are added to answers."""

    frame: Frame
    content_type: ContentType
    robots_tag: RobotsTag
    hsts: Hsts


class RateLimit(Struct):
    """Which requests are held off; here none are."""

    level: RateLimitLevel | None
    per_minute: int | None = None
    on_client_errors: bool = field(default=False, name="4xx")
    on_too_many_requests: bool = field(default=False, name="429")


class Firewall(Struct):
    """Who is kept out."""

    bot_categories: list[str]
    rate_limit: RateLimit
    under_attack_mode_started_at: Timestamp | None
    block_path: bool


class NetworkSettings(Struct):
    """How an edge network would treat requests, in the contract's order."""

    cache: Cache
    response_headers: ResponseHeaders
    firewall: Firewall
    content_converter: bool = False


def show(settings: stored.StoredNetworkSettings) -> NetworkSettings:
    """Return what is shown of what is stored."""
    hsts = settings.hsts
    return NetworkSettings(
        Cache(settings.cache_strategy),
        ResponseHeaders(
            settings.frame,
            settings.content_type,
            settings.robots_tag,
            Hsts(hsts.max_age, hsts.include_subdomains, hsts.preload),
        ),
        Firewall(
            [],
            RateLimit(settings.rate_limit_level),
            timestamp_or_none(settings.under_attack_mode_started_at),
            settings.block_path,
        ),
    )
