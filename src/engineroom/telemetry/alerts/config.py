"""What the settings say of alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from engineroom.telemetry.alerts.channels import Channel, Encryption, Mail, Slack, Webhook
from engineroom.telemetry.alerts.mute_window import MuteWindow, mute_window
from engineroom.telemetry.alerts.rules import DEFAULTS, Rule, RuleName, changed_rules

_LAST_LINES, _MAX_LINES = 10, 100
_MAIL_PORT = 587
_IMPLICIT_PORT = 465


class _Webhook(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    secret: str = ""


class _Slack(msgspec.Struct, forbid_unknown_fields=True):
    url: str


class _Mail(msgspec.Struct, forbid_unknown_fields=True):
    host: str
    sender: str = msgspec.field(name="from")
    recipients: list[str] = msgspec.field(name="to")
    port: int = _MAIL_PORT
    tls: Encryption | None = None
    user: str = ""
    password: str = ""


class _Rule(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    enabled: bool = True
    threshold: float | None = None
    seconds: float | None = None


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    webhooks: list[_Webhook] = []
    slack: list[_Slack] = []
    mail: list[_Mail] = []
    rules: dict[str, _Rule] = {}
    quiet_hours: str = ""
    time_zone: str = "UTC"
    last_lines: Annotated[int, msgspec.Meta(ge=0, le=_MAX_LINES)] = _LAST_LINES


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Which rules there are, where alerts go, when nobody is notified, and how many of the last lines are sent along."""

    rules: Mapping[RuleName, Rule] = field(default_factory=lambda: DEFAULTS)
    channels: tuple[Channel, ...] = ()
    muted: MuteWindow | None = None
    last_lines: int = _LAST_LINES


def alert_settings(table: Mapping[str, Any]) -> AlertSettings:
    """Return what the `alerts` table of the settings says. Raises ValueError with what is wrong in it."""
    try:
        found = msgspec.convert(table, _Settings)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    rules = changed_rules({name: msgspec.to_builtins(rule) for name, rule in found.rules.items()})
    channels: list[Channel] = [Webhook(_http(each.url), each.secret) for each in found.webhooks]
    channels += [Slack(_http(each.url)) for each in found.slack]
    channels += [
        Mail(
            host=each.host,
            port=each.port,
            sender=each.sender,
            recipients=tuple(each.recipients),
            tls=each.tls or _usual(each.port),
            user=each.user,
            password=each.password,
        )
        for each in found.mail
    ]
    muted = mute_window(found.quiet_hours, found.time_zone) if found.quiet_hours else None
    return AlertSettings(rules, tuple(channels), muted, found.last_lines)


def _usual(port: int) -> Encryption:
    return Encryption.IMPLICIT if port == _IMPLICIT_PORT else Encryption.STARTTLS


def _http(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("an address must begin with https:// or http://")
    return url
