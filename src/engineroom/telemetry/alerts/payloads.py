"""What is sent of an alert: to a webhook, to Slack and what understands its messages, by mail: pure."""

import hashlib
import hmac
from dataclasses import asdict
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import msgspec

from engineroom.telemetry.alerts.rules import Alert, Change

_SHORT = 30
"""So long a name may be to stand beside another one."""

_MAX_SLACK_TEXT = 2500
"""Slack cuts what is longer than 3000 characters."""

_COLOURS = {Change.FIRING: "#d62828", Change.RESOLVED: "#2a9d48"}


def webhook(change: Change, alert: Alert) -> bytes:
    """Return the body for a webhook."""
    return msgspec.json.encode(
        {
            "status": change,
            "rule": alert.subject.rule,
            "background_process_id": alert.subject.background_process_id,
            **asdict(alert.origin),
            "message": alert.message,
            "figure": alert.figure,
            "since": _moment(alert.since),
            "resolved_at": None if alert.resolved_at is None else _moment(alert.resolved_at),
            "last_lines": alert.lines,
        }
    )


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the signature of a body that is sent at a moment: who has the secret can see that it is ours, and how old."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def slack(change: Change, alert: Alert) -> bytes:
    """Return the body for an incoming webhook of Slack, or of Mattermost and others that take the same."""
    names = [
        {"title": what, "value": _escaped(name), "short": len(name) <= _SHORT}
        for what, name in alert.origin.fields()
    ]
    return msgspec.json.encode(
        {
            "text": f"{_mark(change)} {_escaped(alert.message)}",
            "attachments": [
                {
                    "color": _COLOURS[change],
                    "fallback": f"{change}: {alert.message}",
                    "fields": [
                        *names,
                        {"title": "Rule", "value": alert.subject.rule, "short": True},
                        {"title": "Since", "value": _moment(alert.since), "short": True},
                    ],
                    **_slack_lines(alert),
                    "ts": int(alert.resolved_at or alert.since),
                }
            ],
        }
    )


def _slack_lines(alert: Alert) -> dict[str, object]:
    if not alert.lines:
        return {}
    text = _escaped("\n".join(alert.lines)).replace("```", "` ` `")
    return {"text": f"```{text[-_MAX_SLACK_TEXT:]}```", "mrkdwn_in": ["text"]}


def mail(change: Change, alert: Alert, *, sender: str, recipients: list[str]) -> EmailMessage:
    """Return the mail. That of the end of an alert is in the same thread as that of its beginning."""
    message = EmailMessage()
    # A subject is one line, whatever is in the names that people gave.
    message["Subject"] = " ".join(f"[engineroom] {change}: {alert.message}".split())
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(datetime.fromtimestamp(int(alert.resolved_at or alert.since), UTC))
    message["Message-ID"] = _message_id(change, alert, sender)
    if change is Change.RESOLVED:
        message["In-Reply-To"] = message["References"] = _message_id(Change.FIRING, alert, sender)
    # Nobody is to answer it by a program (RFC 3834, section 5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_mail_text(alert))
    return message


def _mail_text(alert: Alert) -> str:
    lines = [alert.message, "", *(f"{what}: {name}" for what, name in alert.origin.fields())]
    lines += [f"Rule: {alert.subject.rule}", f"Since: {_moment(alert.since)}"]
    if alert.resolved_at is not None:
        lines.append(f"Resolved: {_moment(alert.resolved_at)}")
    if alert.subject.background_process_id:
        lines.append(f"Id: {alert.subject.background_process_id}")
        lines += ["", f"More of its output: engineroom logs {alert.subject.background_process_id}"]
    if alert.lines:
        lines += ["", "Its last lines:", "", *(f"  {line}" for line in alert.lines)]
    return "\n".join(lines) + "\n"


def _message_id(change: Change, alert: Alert, sender: str) -> str:
    """Return the same id whenever the same is sent again, so that who gets it twice shows it once."""
    ended = alert.resolved_at if change is Change.RESOLVED else None
    notice = f"{change} {alert.subject.rule} {alert.subject.id} {alert.since} {ended}"
    domain = parseaddr(sender)[1].rpartition("@")[2] or "engineroom.invalid"
    return f"<{hashlib.sha256(notice.encode()).hexdigest()[:32]}@{domain}>"


def _mark(change: Change) -> str:
    return "*Firing:*" if change is Change.FIRING else "*Resolved:*"


def _escaped(text: str) -> str:
    """Return a text with what Slack takes for markup escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
