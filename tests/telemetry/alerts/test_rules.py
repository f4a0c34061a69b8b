"""When alerts fire and are resolved."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from engineroom.telemetry.alerts import payloads
from engineroom.telemetry.alerts.config import alert_settings
from engineroom.telemetry.alerts.mute_window import mute_window
from engineroom.telemetry.alerts.origin import Origin
from engineroom.telemetry.alerts.rules import (
    DEFAULTS,
    NOTHING,
    Alert,
    AlertState,
    AlertSubject,
    Change,
    RuleName,
    evaluate,
)

MAILS = Origin(
    application="Shop",
    environment="production",
    process="php artisan queue:work",
    node="web-1",
    reason="failed (exit 1)",
)
AGE = AlertSubject(RuleName.OLDEST_JOB, "process-1")
ALERT = Alert(
    subject=AGE,
    message="Jobs <wait> & wait.",
    figure=400,
    since=1_764_072_000,
    origin=replace(MAILS, application="Café <b>"),
    lines=("it broke", "``` <@everyone>"),
)


def looked(
    figure: float | None, before: AlertState = NOTHING, now: float = 0.0
) -> tuple[AlertState, list[tuple[Change, str]]]:
    state, changed = evaluate(DEFAULTS, {AGE: figure}, {"process-1": MAILS}, before, now)
    return state, [(change, alert.message) for change, alert in changed]


def test_an_alert_fires_once_when_its_figure_was_too_high_for_long_enough() -> None:
    state, changed = looked(400, now=0)
    assert changed == []
    state, changed = looked(410, state, now=29)
    assert changed == []
    state, changed = looked(420, state, now=30)
    assert changed == [
        (
            Change.FIRING,
            "The oldest job of php artisan queue:work (Shop / production on web-1) has waited for 420 s, longer than 300 s.",
        )
    ]
    state, changed = looked(500, state, now=60)
    assert changed == []
    state, changed = looked(2, state, now=70)
    assert [change for change, _ in changed] == [Change.RESOLVED]
    assert state == AlertState({}, {})


def test_an_alert_fires_as_soon_after_the_clock_was_set_back() -> None:
    year = 365 * 86400.0
    state, _ = looked(400, now=year)
    state, changed = looked(410, state, now=10)
    assert changed == []
    _, changed = looked(420, state, now=40)
    assert [change for change, _ in changed] == [Change.FIRING]


def test_a_figure_that_falls_in_between_begins_anew() -> None:
    state, _ = looked(400, now=0)
    state, _ = looked(1, state, now=20)
    _, changed = looked(400, state, now=40)

    assert changed == []


def test_an_unknown_figure_neither_fires_nor_resolves() -> None:
    state, _ = looked(400, now=0)
    state, changed = looked(None, state, now=100)
    assert changed == []
    state, changed = looked(400, state, now=101)
    assert [change for change, _ in changed] == [Change.FIRING]
    state, changed = looked(None, state, now=200)
    assert (changed, list(state.firing)) == ([], [AGE])


def test_what_is_gone_resolves_its_alert() -> None:
    state, _ = looked(400, now=0)
    state, _ = looked(400, state, now=60)
    state, changed = evaluate(DEFAULTS, {}, {}, state, 70)

    assert [change for change, _ in changed] == [Change.RESOLVED]


def test_rules_are_changed_and_switched_off_by_the_settings() -> None:
    settings = alert_settings(
        {"rules": {"oldest_job": {"threshold": 5, "seconds": 1}, "crash_loop": {"enabled": False}}}
    )

    assert settings.rules[RuleName.OLDEST_JOB].threshold == 5
    assert RuleName.CRASH_LOOP not in settings.rules
    assert settings.rules[RuleName.FAILED_JOBS] == DEFAULTS[RuleName.FAILED_JOBS]


@pytest.mark.parametrize(
    "table",
    [
        {"rules": {"nothing": {}}},
        {"webhooks": [{"url": "file:///etc/passwd"}]},
        {"webhook": []},
        {"quiet_hours": "night"},
        {"quiet_hours": "22:00-07:00", "time_zone": "Mars/Olympus"},
        {"mail": [{"host": "a"}]},
    ],
)
def test_settings_that_make_no_sense_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        alert_settings(table)


def test_quiet_hours_may_go_past_midnight_and_follow_their_zone_through_summer_time() -> None:
    quiet = mute_window("22:00-07:00", "Europe/Berlin")

    def at(*moment: int) -> bool:
        return quiet.holds(datetime(*moment, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]

    assert at(2026, 1, 1, 21, 30)
    assert not at(2026, 1, 1, 20, 30)
    assert at(2026, 7, 1, 20, 30)
    assert not at(2026, 7, 1, 5, 30)
    assert at(2026, 1, 1, 5, 30)
    assert not mute_window("12:00-13:00", "UTC").holds(datetime(2026, 1, 1, 13, 0, tzinfo=UTC).timestamp())


def test_a_webhook_says_what_it_is_about_and_can_be_verified() -> None:
    host = Alert(subject=AlertSubject(RuleName.HOST_LOST, "host-2"), message="It is lost.", figure=3, since=0)
    body = payloads.webhook(Change.FIRING, ALERT)
    signature = payloads.signature("secret", 1_764_072_001, body)

    assert json.loads(body) == {
        "status": "firing",
        "rule": "oldest_job",
        "background_process_id": "process-1",
        "application": "Café <b>",
        "environment": "production",
        "process": "php artisan queue:work",
        "node": "web-1",
        "reason": "failed (exit 1)",
        "message": "Jobs <wait> & wait.",
        "figure": 400,
        "since": "2025-11-25T12:00:00Z",
        "resolved_at": None,
        "last_lines": ["it broke", "``` <@everyone>"],
    }
    assert json.loads(payloads.webhook(Change.FIRING, host))["background_process_id"] is None
    signed = hmac.new(b"secret", b"1764072001." + body, hashlib.sha256).hexdigest()
    assert signature == f"t=1764072001,v1={signed}"


def test_slack_gets_no_markup_from_names() -> None:
    assert json.loads(payloads.slack(Change.RESOLVED, ALERT))["text"] == (
        "*Resolved:* Jobs &lt;wait&gt; &amp; wait."
    )


def test_slack_is_shown_the_names_the_reason_and_the_last_lines() -> None:
    (attachment,) = json.loads(payloads.slack(Change.FIRING, ALERT))["attachments"]

    fields = {field["title"]: field["value"] for field in attachment["fields"]}
    assert fields["Application"] == "Café &lt;b&gt;"
    assert (fields["Node"], fields["Reason"]) == ("web-1", "failed (exit 1)")
    assert attachment["text"] == "```it broke\n` ` ` &lt;@everyone&gt;```"


def test_a_mail_has_the_headers_that_mails_have_and_all_that_one_needs_to_act() -> None:
    def mail(change: Change, alert: Alert) -> EmailMessage:
        sent = payloads.mail(change, alert, sender="Room <a@example.org>", recipients=["b@x.org", "c@x.org"])
        return message_from_bytes(sent.as_bytes(), policy=policy.default)

    firing = mail(Change.FIRING, replace(ALERT, message="Café is down."))
    assert firing["Subject"] == "[engineroom] firing: Café is down."
    assert (firing["From"], firing["To"]) == ("Room <a@example.org>", "b@x.org, c@x.org")
    assert firing["Date"].datetime.timestamp() == ALERT.since
    assert firing["Message-ID"].endswith("@example.org>")
    assert firing["Auto-Submitted"] == "auto-generated"
    assert firing["MIME-Version"] == "1.0"
    assert firing.get_content_charset() == "utf-8"
    text = firing.get_content()
    for part in (
        "Application: Café <b>",
        "Node: web-1",
        "Reason: failed (exit 1)",
        "engineroom logs process-1",
    ):
        assert part in text
    assert "  it broke\n" in text

    resolved = mail(Change.RESOLVED, replace(ALERT, resolved_at=ALERT.since + 60))
    assert resolved["References"] == resolved["In-Reply-To"] == firing["Message-ID"]
    assert resolved["Message-ID"] != firing["Message-ID"]
    assert mail(Change.FIRING, ALERT)["Message-ID"] == firing["Message-ID"], (
        "what is sent again is the same mail"
    )


def test_a_mail_has_one_line_as_its_subject_whatever_a_command_has_in_it() -> None:
    alert = Alert(subject=AGE, message="a\r\nBcc: victim@example.org\n", figure=1, since=0)

    message = payloads.mail(Change.FIRING, alert, sender="a@example.org", recipients=["b@example.org"])

    assert message["Bcc"] is None
    assert message["Subject"] == "[engineroom] firing: a Bcc: victim@example.org"
