"""Who is believed when it says who called, and which hosts are answered for."""

import ipaddress
import json
from typing import Any

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from engineroom.http.gate import Gate
from engineroom.http.hosts import Hosts, own_names
from engineroom.http.proxies import Proxies

PROXIES = Proxies([ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")])


def passed(
    headers: dict[str, str] | list[tuple[str, str]],
    *,
    client: str = "10.0.0.1",
    allowed: tuple[str, ...] = (),
    version: str = "1.1",
) -> tuple[int, dict[str, Any]]:
    """Return the status, and what the application behind the gate is told."""
    seen: dict[str, Any] = {}
    sent: list[Message] = []

    async def inner(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.update(
            client=scope["client"][0],
            scheme=scope["scheme"],
            prefix=scope["root_path"],
            host=dict(scope["headers"]).get(b"host", b"").decode(),
        )
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    scope: Scope = {
        "type": "http",
        "http_version": version,
        "method": "GET",
        "path": "/",
        "scheme": "http",
        "root_path": "",
        "client": (client, 1234),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
    }
    anyio.run(Gate(inner, PROXIES, own_names("0.0.0.0", "box.lan"), allowed), scope, receive, send)
    if not seen:
        seen = json.loads(sent[1]["body"])
    return int(sent[0]["status"]), seen


FORWARDED = {
    "host": "engineroom:8787",
    "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.2.3.4",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "er.example.com",
    "x-forwarded-prefix": "/room/",
}


def test_a_trusted_proxy_says_who_called_and_how() -> None:
    assert passed(FORWARDED) == (
        200,
        {"client": "203.0.113.9", "scheme": "https", "prefix": "/room", "host": "er.example.com"},
    )


@pytest.mark.parametrize("client", ["127.0.0.1", "192.168.1.1", "11.0.0.1", "::2", "testclient"])
def test_nobody_else_is_believed(client: str) -> None:
    told = passed({**FORWARDED, "host": "localhost:8787"}, client=client)
    assert told == (200, {"client": client, "scheme": "http", "prefix": "", "host": "localhost:8787"})


@pytest.mark.parametrize("client", ["10.255.255.255", "::ffff:10.0.0.1", "::1", "0:0::1"])
def test_an_address_is_trusted_however_it_is_written(client: str) -> None:
    assert passed(FORWARDED, client=client)[1]["client"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("given", "client"),
    [
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("<script>", "10.0.0.1"),
        ("203.0.113.9, <script>", "10.0.0.1"),
        ("<script>, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy_and_always_an_address(
    given: str, client: str
) -> None:
    assert passed({"host": "localhost", "x-forwarded-for": given})[1]["client"] == client


def test_of_several_headers_the_one_of_the_nearest_proxy_counts() -> None:
    headers = [("host", "localhost"), ("x-forwarded-proto", "http"), ("x-forwarded-proto", "https")]
    assert passed(headers)[1]["scheme"] == "https"


@pytest.mark.parametrize(
    "prefix",
    [
        "room",
        "//evil.example",
        "/a//b",
        "/a b",
        "/<script>",
        "/a?b",
        "/é",
        "/",
        "https://evil",
        "/a" * 9,
        "/" + "a" * 65,
    ],
)
def test_a_prefix_that_is_none_is_left_out(prefix: str) -> None:
    assert passed({"host": "localhost", "x-forwarded-prefix": prefix})[1]["prefix"] == ""


@pytest.mark.parametrize("host", ["a b", "<x>", "evil/..", "a@b", "a:b", "", "[::1", "a:999999"])
def test_a_forwarded_host_that_is_none_is_left_out(host: str) -> None:
    assert passed({"host": "localhost", "x-forwarded-host": host})[1]["host"] == "localhost"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8787",
        "shop.localhost",
        "box.lan",
        "box",
        "127.0.0.1:8787",
        "[::1]:8787",
        "localhost.",
    ],
)
def test_the_names_and_addresses_of_this_machine_are_answered_for(host: str) -> None:
    assert passed({"host": host}, client="127.0.0.1")[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8787",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "boxlan",
        "notlocalhost",
        "",
        "box.lan@evil",
    ],
)
def test_a_name_that_a_page_had_lead_here_is_not_answered_for(host: str) -> None:
    status, told = passed({"host": host}, client="127.0.0.1")
    assert status == 421
    assert "allowed_hosts" in told["message"]
    # Nor by a page that adds what only proxies say.
    assert passed({"host": host, "x-forwarded-host": "localhost"}, client="127.0.0.1")[0] == 421


def test_names_in_the_settings_are_answered_for_and_then_proxies_are_held_to_them_too() -> None:
    allowed = ("er.example.com", ".example.org")
    for host, status in [
        ("er.example.com", 200),
        ("ER.example.com:443", 200),
        ("a.b.example.org", 200),
        ("example.org", 421),
    ]:
        assert passed({"host": host}, client="127.0.0.1", allowed=allowed)[0] == status
        assert passed({"host": host}, client="10.0.0.1", allowed=allowed)[0] == status
    assert passed({"host": "anything"}, client="10.0.0.1")[0] == 200
    assert Hosts(["*"]).allow("anything")


def test_a_request_names_one_host() -> None:
    assert passed({}, client="127.0.0.1")[0] == 400
    assert passed({}, client="127.0.0.1", version="1.0")[0] == 200
    assert passed([("host", "localhost"), ("host", "evil")], client="127.0.0.1")[0] == 400
