"""What a connection may send, and how long it may take for it."""

import logging
import socket
import time

import pytest

from engineroom.http.bounds import Bounds, Peers
from tests.http.bounded_server import GET, bounded_server, read_all
from tests.support.waiting import wait_until

HEAD = b"POST / HTTP/1.1\r\nhost: localhost\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
MUCH = 3_000_000


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


def send_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 100_000)


def status(answer: bytes) -> int:
    """Return the status of the first answer; 0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.parametrize(
    ("content", "refusals"),
    [
        (b"GET / HTTP/1.1\r\nhost: localhost\r\nx: a" + b"\r\n b" * (MUCH // 4) + b"\r\n\r\n", {400, 431}),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\nx: a" + b"\r\n\tb" * (MUCH // 4) + b"\r\n\r\n", {400, 431}),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * MUCH + b"\r\n\r\n", {431}),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"a" * MUCH + b": b\r\n\r\n", {431}),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"a:\r\n" * (MUCH // 4) + b"\r\n", {431}),
        (b"GET /" + b"a" * MUCH + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", {414, 431}),
        (b"GET /?" + b"a&" * 10_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", {414}),
        (b"\r\n" * (MUCH // 2) + GET, {400, 431}),
        (CHUNKED + b"1;" + b"e" * MUCH + b"\r\na\r\n0\r\n\r\n", {0, 431}),
        (CHUNKED + b"1\r\na\r\n0\r\n" + b"t: a\r\n" * (MUCH // 6) + b"\r\n", {0, 200, 431}),
        (CHUNKED + b"1\r\na\r\n0\r\nt: a" + b"\r\n b" * (MUCH // 4) + b"\r\n\r\n", {0, 200, 400, 431}),
        (b"\x00" * MUCH, {400}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
        (b"GET /\xff HTTP/1.1\r\nhost: localhost\r\n\r\n", {400}),
        (b"CONNECT a:1 HTTP/1.1\r\nhost: localhost\r\n\r\n", {400}),
        (HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab", {400}),
        (HEAD + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
        (HEAD + b"content-length: 99999999999999999999999\r\n\r\n", {400}),
    ],
    ids=lambda value: None if isinstance(value, set) else repr(value[:30] + value[-12:]),
)
def test_what_is_too_much_or_no_request_is_refused_and_takes_no_time(
    content: bytes, refusals: set[int]
) -> None:
    with bounded_server() as server:
        busy = time.process_time()
        answer = server.ask(content)
        assert status(answer) in refusals, answer[:200]
        assert server.answers()
        # Of this process, which is also the client. What was quadratic took minutes.
        assert time.process_time() - busy < 5


def test_a_request_of_the_largest_head_is_answered() -> None:
    headers = b"".join(b"x-%d: %s\r\n" % (number, b"a" * 250) for number in range(90))
    with bounded_server() as server:
        answer = server.ask(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n" + headers + b"\r\n")
    assert status(answer) == 200


def test_a_refusal_says_what_the_limit_is() -> None:
    with bounded_server(Bounds(headers=3)) as server:
        answer = server.ask(b"GET / HTTP/1.1\r\nhost: localhost\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert answer.endswith(b'{"message": "Cannot read the request: a request may have 3 headers."}')


def test_a_long_body_in_many_chunks_is_read() -> None:
    chunks = b"".join(b"1\r\na\r\n" for _ in range(200_000))
    with bounded_server() as server:
        answer = server.ask(
            CHUNKED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n") + chunks + b"0\r\n\r\n"
        )
    assert b"200000" in answer


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: localhost\r\nx: "])
def test_a_head_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    with bounded_server(Bounds(head_seconds=0.3)) as server, server.connect() as connection:
        connection.sendall(begun)
        assert status(read_all(connection)) in ({0} if not begun else {408})


def test_a_head_that_comes_byte_by_byte_is_not_waited_for() -> None:
    with bounded_server(Bounds(head_seconds=0.5)) as server, server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        connection.settimeout(0.05)
        answer = None
        for _ in range(1000):
            try:
                connection.sendall(b"a: b\r\n"[:1])
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
            except ConnectionError:
                answer = b""
                break
        assert answer is not None


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with bounded_server(Bounds(body_seconds=0.3)) as server, server.connect() as connection:
        connection.sendall(HEAD + b"content-length: 10\r\n\r\nabc")
        assert read_all(connection) == b""


def test_the_rest_of_a_body_that_nobody_wanted_is_not_read_for_ever() -> None:
    with bounded_server(Bounds(unread_body_seconds=0.3)) as server, server.connect() as connection:
        connection.sendall(HEAD.replace(b"/ ", b"/at-once ", 1) + b"content-length: 1000000000\r\n\r\n")
        with pytest.raises(ConnectionError):
            send_for_ever(connection)
        assert server.answers()


def test_who_does_not_take_the_answer_is_not_waited_for() -> None:
    with bounded_server(Bounds(response_stall_seconds=0.3)) as server, server.connect() as connection:
        connection.sendall(GET.replace(b"/ ", b"/flood ", 1))
        wait_until("the connection is given up", lambda: server.peers._open == {})
        assert server.answers()


def test_requests_on_one_connection_are_answered_in_their_order() -> None:
    with bounded_server() as server, server.connect() as connection:
        connection.sendall(GET * 20 + GET.replace(b"host:", b"connection: close\r\nhost:"))
        assert read_all(connection).count(b"HTTP/1.1 200") == 21


def test_not_any_number_of_requests_waits_on_one_connection() -> None:
    with bounded_server(Bounds(pipelined=5)) as server:
        assert b"HTTP/1.1 200" not in server.ask(GET * 100)
        assert server.answers()


def test_a_peer_may_have_half_of_all_connections_and_gets_them_back() -> None:
    with bounded_server(most=10) as server:
        opened = [server.connect() for _ in range(5)]
        wait_until("they are counted", lambda: server.peers._open.total() == 5)
        with server.connect() as sixth:
            assert read_all(sixth) == b""
        for connection in opened:
            connection.close()
        wait_until("they are gone", lambda: server.peers._open.total() == 0)
        assert server.answers()


def test_a_trusted_proxy_may_have_all_connections_and_nobody_more() -> None:
    peers = Peers(4)
    assert [peers.join("10.0.0.1", proxy=True) for _ in range(5)] == [True] * 4 + [False]
    peers = Peers(4)
    assert [peers.join("10.0.0.1", proxy=False) for _ in range(3)] == [True, True, False]
    assert peers.join("10.0.0.2", proxy=False)


def test_a_client_that_goes_away_while_it_is_answered_leaves_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    with bounded_server() as server:
        for content in (GET[:20], HEAD + b"content-length: 10\r\n\r\nabc", GET):
            connection = server.connect()
            connection.sendall(content)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        wait_until("they are gone", lambda: server.peers._open.total() == 0)
    assert caplog.records == []
