"""Alerts arrive at real servers, also at those that fail at first."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiosmtpd.controller import Controller

from engineroom.telemetry.alerts import delivery as delivering
from engineroom.telemetry.alerts.channels import Channel, Encryption, Mail, Slack, UndeliverableError, Webhook
from engineroom.telemetry.alerts.delivery import Delivery
from engineroom.telemetry.alerts.rules import Alert, AlertSubject, Change, RuleName
from tests.runtime.asynchronous import asynchronous, eventually
from tests.support.certificates import localhost_certificate
from tests.support.http_receiver import serving
from tests.support.ports import free_port
from tests.support.waiting import patient

ALERT = Alert(subject=AlertSubject(RuleName.CRASH_LOOP, "process-1"), message="It dies.", figure=1, since=0)
SECRET = "hunter2-webhook-secret"


class Receiver:
    """A web server that keeps what it gets, and answers as the test says."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("location", f"http://127.0.0.1:{free_port()}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/{SECRET}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made.server):
        yield made


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        text = envelope.content.decode()
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, text))
        return "250 OK"


@contextmanager
def mail_server(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


async def deliver(channel: Channel, changes: list[Change]) -> Delivery:
    delivery = Delivery([channel], first_pause_seconds=0.01)
    delivery.open({})
    for change in changes:
        delivery.send(change, ALERT)
    return delivery


@asynchronous
async def test_a_webhook_gets_firing_and_resolved_in_order_and_signed(receiver: Receiver) -> None:
    delivery = await deliver(Webhook(receiver.url, SECRET), [Change.FIRING, Change.RESOLVED])
    await eventually("both arrive", lambda: len(receiver.got) == 2)
    await delivery.close()

    assert [b'"firing"' in body for _, body in receiver.got] == [True, False]
    assert all(headers["engineroom-signature"].startswith("t=") for headers, _ in receiver.got)


@asynchronous
async def test_a_receiver_that_fails_gets_it_again_until_it_takes_it(receiver: Receiver) -> None:
    receiver.answers = [500, 302, 429]
    delivery = await deliver(Webhook(receiver.url), [Change.FIRING, Change.RESOLVED])
    await eventually("both arrive", lambda: len(receiver.got) == 5)
    await delivery.close()

    assert [b'"firing"' in body for _, body in receiver.got] == [True] * 4 + [False]


@asynchronous
async def test_sending_never_waits_for_a_receiver_and_what_is_too_much_gives_way() -> None:
    delivery = await deliver(Webhook(f"http://127.0.0.1:{free_port()}/"), [])
    with structlog.testing.capture_logs():
        for _ in range(5000):
            delivery.send(Change.FIRING, ALERT)
    await delivery.close()


@asynchronous
async def test_receivers_that_never_answer_take_no_thread_that_others_need() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hook = Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        delivery = Delivery([hook] * 40)
        delivery.open({})
        delivery.send(Change.FIRING, ALERT)
        async with asyncio.timeout(patient(2)):
            await asyncio.gather(*(asyncio.to_thread(int) for _ in range(100)))
        await delivery.close()


@asynchronous
async def test_a_receiver_that_drips_its_answer_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivering, "MAX_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (outcome,) = await Delivery([Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/")]).test(ALERT)

    assert "did not answer within" in str(outcome.error)


@asynchronous
async def test_what_was_not_sent_is_sent_by_the_next_server(receiver: Receiver) -> None:
    receiver.answers = [500] * 3
    delivery = await deliver(Webhook(receiver.url), [Change.FIRING, Change.RESOLVED])
    await eventually("it was tried", lambda: receiver.got)
    waiting = delivery.waiting
    await delivery.close()
    receiver.got.clear()
    receiver.answers.clear()
    after = Delivery([Webhook(receiver.url)])
    after.open(waiting)
    await eventually("both arrive", lambda: len(receiver.got) >= 2 and not after.waiting)
    await after.close()

    assert [b'"firing"' in body for _, body in receiver.got[-2:]] == [True, False]


@asynchronous
async def test_a_name_and_a_password_in_an_address_are_shown_to_the_receiver(receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "me:p%40ss@127.0.0.1")
    (outcome,) = await Delivery([Webhook(url)]).test(ALERT)

    assert outcome.error is None
    assert receiver.got[0][0]["authorization"] == "Basic bWU6cEBzcw=="


@asynchronous
async def test_what_is_no_web_server_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        (outcome,) = await Delivery([Slack(f"http://127.0.0.1:{listener.getsockname()[1]}/")]).test(ALERT)
        thread.join()

    assert "does not answer as a web server" in str(outcome.error)


@asynchronous
async def test_slack_gets_its_own_form(receiver: Receiver) -> None:
    delivery = await deliver(Slack(receiver.url), [Change.FIRING])
    await eventually("it arrives", lambda: receiver.got)
    await delivery.close()

    assert b'"text":"*Firing:* It dies."' in receiver.got[0][1]


@asynchronous
async def test_a_mail_arrives() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        mail = Mail(
            host="127.0.0.1",
            port=port,
            sender="e@example.org",
            recipients=("o@example.org",),
            tls=Encryption.NONE,
        )
        delivery = await deliver(mail, [Change.RESOLVED])
        await eventually("it arrives", lambda: mailbox.mails)
        await delivery.close()

    (sender, recipients, text) = mailbox.mails[0]
    assert (sender, recipients) == ("e@example.org", ["o@example.org"])
    assert "Subject: [engineroom] resolved: It dies." in text


@pytest.mark.parametrize(
    ("tls", "option"), [(Encryption.IMPLICIT, "ssl_context"), (Encryption.STARTTLS, "tls_context")]
)
def test_a_mail_goes_encrypted_to_a_server_that_is_who_it_says_and_to_no_other(
    tls: Encryption, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = localhost_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    mailbox = Mailbox()

    with mail_server(mailbox, **{option: context}) as port:
        mail = Mail(
            host="127.0.0.1", port=port, sender="e@example.org", recipients=("o@example.org",), tls=tls
        )
        with pytest.raises(UndeliverableError, match="certificate verify failed"):
            mail.send(Change.FIRING, ALERT)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        mail.send(Change.FIRING, ALERT)

    assert len(mailbox.mails) == 1


@asynchronous
async def test_a_test_says_what_went_wrong_and_never_a_secret(receiver: Receiver) -> None:
    receiver.answers = [403]
    closed = f"http://user:{SECRET}@127.0.0.1:{free_port()}/{SECRET}"
    mail = Mail(host="127.0.0.1", port=free_port(), sender="a", recipients=("b",), password=SECRET)
    channels: list[Channel] = [
        Webhook(receiver.url, SECRET),
        Slack(closed),
        mail,
        Webhook(receiver.url, SECRET),
    ]

    with structlog.testing.capture_logs() as logged:
        outcomes = await Delivery(channels).test(ALERT)

    assert [outcome.error is None for outcome in outcomes].count(True) == 1
    assert any("answered 403" in str(outcome.error) for outcome in outcomes)
    assert all(SECRET not in f"{outcomes}{logged}{channel!r}{channel.name}" for channel in channels)


def test_a_mail_server_without_encryption_is_not_used_unless_asked() -> None:
    with mail_server(Mailbox()) as port, pytest.raises(UndeliverableError, match="STARTTLS"):
        Mail(host="127.0.0.1", port=port, sender="a", recipients=("b",)).send(Change.FIRING, ALERT)
