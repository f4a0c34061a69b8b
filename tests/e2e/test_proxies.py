"""A server behind a proxy, and one that a client lies to."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import patient, wait_until

FORWARDED = {
    "Host": "er.example.com",
    "X-Forwarded-Host": "er.example.com",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "6.6.6.6, 203.0.113.9",
    "X-Forwarded-Prefix": "/room",
}


def ask(
    server: EngineroomServer, method: str, path: str, headers: dict[str, str], fields: object = None
) -> tuple[int, Any]:
    host, port = server.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=patient(30))
    try:
        body = None if fields is None else json.dumps(fields)
        connection.request(method, path, body, {"Authorization": f"Bearer {server.token}", **headers})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content.startswith(b"{") else content.decode()
    finally:
        connection.close()


def test_behind_a_trusted_proxy_links_begin_with_its_prefix_and_the_audit_trail_has_the_client(
    tmp_path: Path, code: Path
) -> None:
    with EngineroomServer(tmp_path, ENGINEROOM_TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8") as server:
        server.start()
        linked = server.link(code)
        fields = {"type": "custom", "command": "sleep 60", "processes": 1}
        path = f"/api/instances/{linked.instance}/background-processes"
        assert ask(server, "POST", path, FORWARDED, fields)[0] == 201

        begins = "https://er.example.com/room/api/"
        _, listed = ask(server, "GET", path, FORWARDED)
        assert listed["links"]["first"] == f"https://er.example.com/room{path}?page=1"
        links = [each["links"]["self"]["href"] for each in listed["data"] if "links" in each]
        assert all(link.startswith(begins) for link in links)
        assert ask(server, "GET", "/api/openapi.json", FORWARDED)[1]["servers"] == [{"url": "/room"}]
        assert ask(server, "GET", "/api/openapi.json", {})[1]["servers"] == [{"url": "/"}]
        assert 'href="openapi.json"' in ask(server, "GET", "/api/docs", FORWARDED)[1]
        _, began = ask(server, "POST", "/api/cli/auth-sessions", FORWARDED, {"port": 12345})
        assert began["redirect_url"].startswith("https://er.example.com/room/sign-in/")
        assert ask(server, "GET", "/api/audit", {})[1]["data"][0]["attributes"]["address"] == "203.0.113.9"


def test_nobody_else_is_believed_and_no_other_name_is_answered_for(tmp_path: Path, code: Path) -> None:
    with EngineroomServer(tmp_path) as server:
        server.start()
        linked = server.link(code)
        path = f"/api/instances/{linked.instance}/background-processes"
        lies = {**FORWARDED, "Host": "localhost", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
        assert (
            ask(server, "POST", path, lies, {"type": "custom", "command": "sleep 60", "processes": 1})[0]
            == 201
        )

        assert ask(server, "GET", "/api/audit", {})[1]["data"][0]["attributes"]["address"] == "127.0.0.1"
        assert ask(server, "GET", path, lies)[1]["links"]["first"] == f"http://localhost{path}?page=1"
        status, told = ask(server, "GET", path, {"Host": "rebound.example"})
        assert status == 421
        assert "allowed_hosts" in told["message"]


def test_a_name_in_the_settings_is_answered_for(tmp_path: Path) -> None:
    with EngineroomServer(tmp_path, ENGINEROOM_ALLOWED_HOSTS="er.example.com") as server:
        server.start()
        assert ask(server, "GET", "/api/organization", {"Host": "er.example.com:8787"})[0] != 421
        assert ask(server, "GET", "/api/organization", {"Host": "other.example.com"})[0] == 421


@pytest.mark.parametrize("sent", [b"", b"POST /api/background-processes HTTP/1.1\r\nhost: localhost\r\n"])
def test_a_client_that_goes_away_is_no_error(tmp_path: Path, code: Path, sent: bytes) -> None:
    with EngineroomServer(tmp_path) as server:
        server.start()
        path = f"/api/instances/{server.link(code).instance}/background-processes".encode()
        host, port = server.address.removeprefix("http://").split(":")
        head = (
            b"POST %s HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer %s\r\ncontent-type: application/json\r\n"
            b"content-length: 1000\r\n\r\n{" % (path, server.token.encode())
        )
        for content in (sent, head):
            connection = socket.create_connection((host, int(port)), timeout=patient(30))
            connection.sendall(content)
            # Without this answer, what was sent may not have been read yet.
            server.api.get("/api/applications")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        wait_until("the server goes on", lambda: server.api.get("/api/applications") is not None)
        said = server.output()
    assert "Traceback" not in said
    assert "request.failed" not in said
