"""Where alerts are sent to: what sends one blocks its thread, and raises an error when it did not arrive."""

import http.client
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from base64 import b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from urllib.parse import unquote, urlsplit

from engineroom import __version__
from engineroom.telemetry.alerts import payloads
from engineroom.telemetry.alerts.rules import Alert, Change

_TIMEOUT_SECONDS = 10.0


class UndeliverableError(Exception):
    """An alert did not arrive, and why."""


class Channel(Protocol):
    """A way to people. `name` says which, without any secret."""

    @property
    def name(self) -> str:
        """What people call it."""

    def send(self, change: Change, alert: Alert) -> None:
        """Send an alert. Raises UndeliverableError."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes our own form; signed when there is a secret."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """See Channel."""
        return f"webhook {_host(self.url)}"

    def send(self, change: Change, alert: Alert) -> None:
        """See Channel."""
        body = payloads.webhook(change, alert)
        signed = {}
        if self.secret:
            signed["Engineroom-Signature"] = payloads.signature(self.secret, int(time.time()), body)
        _post(self.url, body, signed)


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack, or of what takes the same. Its address is its secret."""

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """See Channel."""
        return f"slack {_host(self.url)}"

    def send(self, change: Change, alert: Alert) -> None:
        """See Channel."""
        _post(self.url, payloads.slack(change, alert), {})


class Encryption(StrEnum):
    """When the connection to a mail server becomes encrypted (RFC 8314)."""

    IMPLICIT = "implicit"
    """From its first byte on, as on port 465."""

    STARTTLS = "starttls"
    """Before anything is said, or nothing is."""

    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail server, and who is written to."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    tls: Encryption = Encryption.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """See Channel."""
        return f"mail by {self.host}"

    def send(self, change: Change, alert: Alert) -> None:
        """See Channel."""
        message = payloads.mail(change, alert, sender=self.sender, recipients=list(self.recipients))
        try:
            with self._connect() as server:
                if self.tls is Encryption.STARTTLS:
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise UndeliverableError(f"cannot send mail by {self.host}:{self.port}: {error}") from None

    def _connect(self) -> smtplib.SMTP:
        if self.tls is Encryption.IMPLICIT:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)


def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    parts = urlsplit(url)
    host = _host(url)
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at when the settings were read
        parts._replace(netloc=host).geturl(),
        data=body,
        headers={"Content-Type": "application/json", "User-Agent": f"engineroom/{__version__}", **headers},
        method="POST",
    )
    if parts.username is not None:
        known = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", f"Basic {b64encode(known.encode()).decode()}")
    try:
        _OPENER.open(request, timeout=_TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as error:
        error.close()
        raise UndeliverableError(f"{host} answered {error.code}") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise UndeliverableError(f"cannot reach {host}: {reason}") from None
    except http.client.HTTPException as error:
        raise UndeliverableError(f"{host} does not answer as a web server: {type(error).__name__}") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer as any other that is not good: what is signed for one must not go to another."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _host(url: str) -> str:
    """Return the part of an address that is no secret."""
    return urlsplit(url).netloc.rpartition("@")[2]
