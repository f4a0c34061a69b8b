"""What is sent of an alert: to a webhook, to Slack and what understands its messages, by mail: pure."""

import hashlib
import hmac
from datetime import UTC, datetime
from email.message import EmailMessage

import msgspec

from engineroom.telemetry.alerts.rules import Alert, Change

_COLOURS = {Change.FIRING: "#d62828", Change.RESOLVED: "#2a9d48"}


def webhook(change: Change, alert: Alert) -> bytes:
    """Return the body for a webhook."""
    return msgspec.json.encode(
        {
            "status": change,
            "rule": alert.subject.rule,
            "background_process_id": alert.subject.background_process_id,
            "message": alert.message,
            "figure": alert.figure,
            "since": _moment(alert.since),
            "resolved_at": None if alert.resolved_at is None else _moment(alert.resolved_at),
        }
    )


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the signature of a body that is sent at a moment: who has the secret can see that it is ours, and how old."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def slack(change: Change, alert: Alert) -> bytes:
    """Return the body for an incoming webhook of Slack, or of Mattermost and others that take the same."""
    return msgspec.json.encode(
        {
            "text": f"{_mark(change)} {_escaped(alert.message)}",
            "attachments": [
                {
                    "color": _COLOURS[change],
                    "fallback": f"{change}: {alert.message}",
                    "fields": [
                        {"title": "Rule", "value": alert.subject.rule, "short": True},
                        {"title": "Since", "value": _moment(alert.since), "short": True},
                    ],
                    "ts": int(alert.resolved_at or alert.since),
                }
            ],
        }
    )


def mail(change: Change, alert: Alert, *, sender: str, recipients: list[str]) -> EmailMessage:
    """Return the mail."""
    message = EmailMessage()
    # A subject is one line, whatever is in the names that people gave.
    message["Subject"] = " ".join(f"[engineroom] {change}: {alert.message}".split())
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    lines = [alert.message, "", f"Rule: {alert.subject.rule}", f"Since: {_moment(alert.since)}"]
    if alert.subject.background_process_id:
        lines.append(f"Background process: {alert.subject.background_process_id}")
    if alert.resolved_at is not None:
        lines.append(f"Resolved: {_moment(alert.resolved_at)}")
    message.set_content("\n".join(lines) + "\n")
    return message


def _mark(change: Change) -> str:
    return "*Firing:*" if change is Change.FIRING else "*Resolved:*"


def _escaped(text: str) -> str:
    """Return a text with what Slack takes for markup escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
