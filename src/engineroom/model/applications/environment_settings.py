"""What an environment is told and shows again, and what of it decides something here (contract sheet, sections 4.2, 4.4)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class NodeVersion(StrEnum):
    """Contract sheet, section 4.2."""

    TWENTY = "20"
    TWENTY_TWO = "22"
    TWENTY_FOUR = "24"


class Color(StrEnum):
    """Contract sheet, section 4.4: accepted, never returned."""

    BLUE = "blue"
    GREEN = "green"
    ORANGE = "orange"
    PURPLE = "purple"
    RED = "red"
    YELLOW = "yellow"
    CYAN = "cyan"
    GRAY = "gray"


class CacheStrategy(StrEnum):
    """Contract sheet, section 4.2."""

    DEFAULT = "default"
    BYPASS = "bypass"


class Frame(StrEnum):
    """Contract sheet, section 4.2."""

    DENY = "deny"
    SAME_ORIGIN = "sameorigin"
    ALL = "all"


class ContentType(StrEnum):
    """Contract sheet, section 4.2."""

    NO_SNIFF = "nosniff"
    NONE = "none"


class RobotsTag(StrEnum):
    """Contract sheet, section 4.2."""

    INDEX = "index, follow"
    NO_INDEX = "noindex, nofollow"


class RateLimitLevel(StrEnum):
    """Contract sheet, section 4.2."""

    CHALLENGE = "challenge"
    THROTTLE = "throttle"
    BAN = "ban"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictTransportSecurity:
    """The `hsts` of an environment; `max_age` is seconds."""

    max_age: int | None = None
    include_subdomains: bool = False
    preload: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNetworkSettings:
    """How an edge network would treat requests. There is none on a machine of one's own: this is kept and shown."""

    cache_strategy: CacheStrategy = CacheStrategy.DEFAULT
    frame: Frame = Frame.DENY
    content_type: ContentType = ContentType.NO_SNIFF
    robots_tag: RobotsTag = RobotsTag.INDEX
    hsts: StrictTransportSecurity = field(default_factory=StrictTransportSecurity)
    rate_limit_level: RateLimitLevel | None = None
    under_attack_mode_started_at: datetime | None = None
    block_path: bool = True
    browser_integrity_check: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """The defaults are those of code that was linked in place, which is neither built nor pushed.

    `applies_variables_at_once` is ours: whether changed variables replace the processes without waiting for a deployment.
    """

    php_version: str = "8.4"
    node_version: NodeVersion = NodeVersion.TWENTY_FOUR
    build_command: str | None = None
    deploy_command: str | None = None
    uses_octane: bool = False
    uses_inertia_ssr: bool = False
    uses_push_to_deploy: bool = False
    uses_deploy_hook: bool = False
    uses_vanity_domain: bool = True
    uses_purge_edge_cache_on_deploy: bool = False
    color: Color | None = None
    timeout_minutes: int | None = None
    sleep_timeout_minutes: int = 5
    hibernation_wake_up_interval: int | None = None
    applies_variables_at_once: bool = True
    network: StoredNetworkSettings = field(default_factory=StoredNetworkSettings)


def of_a_new_environment() -> EnvironmentSettings:
    """Return the settings of an environment that the API makes, as the contract records them (section 4.2)."""
    return EnvironmentSettings(
        build_command=(
            "composer install --no-dev --no-interaction --prefer-dist --optimize-autoloader\n\n"
            "npm ci --audit false\nnpm run build"
        ),
        deploy_command="# php artisan migrate --force",
        uses_push_to_deploy=True,
    )
