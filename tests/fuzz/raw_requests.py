"""Requests that no client would send, made up at random: heads, bodies of JSON, files in multipart bodies."""

import json
from collections.abc import Callable
from random import Random

_LONGEST = 200_000
_METHODS = (
    b"GET",
    b"POST",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"HEAD",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"PRI",
    b"get",
    b"\xff",
    b"",
)
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b"HTP", b"")
_NAMES = (
    b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade", b"content-type", b"cookie",
    b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-prefix", b"forwarded", b"authorization", b"last-event-id", b"te",
    b"range", b"trailer", b"accept-encoding", b"user-agent", b"x y", b"", b"\x00", b":",
)  # fmt: skip
_VALUES = (
    b"", b"0", b"1", b"-1", b"+1", b"1e9", b"0x10", b"99999999999999999999", b"chunked", b"chunked, chunked",
    b"gzip, chunked",
    b"close", b"keep-alive", b"upgrade", b"100-continue", b"websocket", b"h2c", b"localhost", b"evil.example", b"[::1]:1",
    b"application/json", b"multipart/form-data; boundary=b", b"text/plain", b"a\x00b", b"\xff\xfe", b"a\r\n b", b"a\nb: c",
    b"Bearer ", b"Bearer " + b"x" * 5000, b"; ".join([b"a=b"] * 500), b"1.2.3.4, " * 200,
)  # fmt: skip
_JSON = (
    lambda random: b"[" * random.randrange(_LONGEST),
    lambda random: b'{"a":' * random.randrange(50_000),
    lambda random: b'{"command":"' + b"\\u0000" * random.randrange(10_000) + b'"}',
    lambda random: b'{"a":[' + b"{}," * random.randrange(60_000) + b"{}]}",
    lambda random: b'{"processes":' + b"9" * random.randrange(_LONGEST) + b"}",
    lambda random: b'{"processes":1e' + b"9" * random.randrange(_LONGEST) + b"}",
    lambda random: json.dumps({f"{number}": number for number in range(random.randrange(20_000))}).encode(),
    lambda random: random.randbytes(random.randrange(5000)),
    lambda _: b'{"type":"custom","command":"none","processes":1}',
    lambda _: b'"\xff"',
    lambda _: b"",
)


def request(random: Random, token: str, path: str) -> bytes:
    """Return what a connection sends: one request or several, whole or broken."""
    made = b"".join(_one(random, token, path) for _ in range(random.choice((1, 1, 1, 2, 40))))
    if random.random() < 0.2:
        return made[: random.randrange(len(made) + 1)]
    if random.random() < 0.1:
        place = random.randrange(len(made) + 1)
        return made[:place] + random.randbytes(random.randrange(20)) + made[place:]
    return made


def _one(random: Random, token: str, path: str) -> bytes:
    body = random.choice((_json, _multipart, _chunks))
    return body(random, token, path)


def _head(random: Random, token: str, path: str, method: bytes | None = None) -> bytes:
    method = method or random.choice(_METHODS)
    lines = [b" ".join((method, _path(random, path), random.choice(_VERSIONS)))]
    lines += [b"host: localhost", b"authorization: Bearer " + token.encode()]
    lines += [
        random.choice(_NAMES) + b": " + random.choice(_VALUES)
        for _ in range(random.choice((0, 1, 2, 3, 150)))
    ]
    if random.random() < 0.05:
        lines.append(
            b"x-long: " + random.choice((b"a", b"\r\n b", b"\r\n\t", b", ")) * random.randrange(_LONGEST)
        )
    return b"\r\n".join(lines) + b"\r\n"


def _path(random: Random, path: str) -> bytes:
    made_up: tuple[Callable[[], bytes], ...] = (
        path.encode,
        path.encode,
        lambda: b"*",
        lambda: b"/" + random.randbytes(random.randrange(30)).replace(b" ", b""),
        lambda: (
            path.encode() + b"?" + b"&".join([b"page=1", b"filter[name]=%00", b"a"] * random.randrange(300))
        ),
        lambda: b"/%2e%2e/" * random.randrange(300),
        lambda: b"http://evil.example" + path.encode(),
        lambda: b"/" * random.randrange(20_000),
    )
    return random.choice(made_up)()


def _with_length(head: bytes, body: bytes, *headers: bytes) -> bytes:
    return head + b"\r\n".join([*headers, b"content-length: %d" % len(body), b"", b""]) + body


def _json(random: Random, token: str, path: str) -> bytes:
    head = _head(random, token, path, random.choice((None, b"POST", b"POST")))
    return _with_length(head, random.choice(_JSON)(random), b"content-type: application/json")


def _multipart(random: Random, token: str, path: str) -> bytes:
    """Return a file for an application, in a body that is spoilt in some way."""
    file = b"\x89PNG\r\n\x1a\n" + random.randbytes(random.randrange(2000))
    disposition = b'content-disposition: form-data; name="avatar"; filename="a.png"'
    part = b"--b\r\n" + disposition + b"\r\ncontent-type: image/png\r\n\r\n" + file + b"\r\n"
    nested = b'--b\r\ncontent-type: multipart/mixed; boundary="b"\r\n\r\n'
    spoilt = random.choice((
        lambda: part + b"--b--\r\n",
        lambda: part * random.randrange(100),
        lambda: nested * random.randrange(3000) + part,
        lambda: b"--b\r\n" * random.randrange(40_000),
        lambda: b"--b\r\n" + b"a: b\r\n" * random.randrange(30_000),
        lambda: part.replace(b"\r\n", b"\n"),
        lambda: part.replace(disposition, disposition + b"; a=" * random.randrange(10_000)),
        lambda: part.replace(b"image/png", b"message/rfc822"),
        lambda: random.randbytes(1000),
    ))()  # fmt: skip
    boundary = random.choice((b"b", b'"b"', b"", b"b" * 80, b"\xff", b"b; boundary=c"))
    head = _head(random, token, path.split("?", maxsplit=1)[0], b"POST")
    return _with_length(head, spoilt, b"content-type: multipart/form-data; boundary=" + boundary)


def _chunks(random: Random, token: str, path: str) -> bytes:
    chunks = [
        b"1\r\na\r\n",
        b"1;x=y\r\na\r\n",
        b"0\r\n",
        b"-1\r\n",
        b"ffffffffffffffff\r\n",
        b"a" * 100,
        b"1\r\nab\r\n",
    ]
    sent = [random.choice(chunks[:2]) * random.randrange(2000), *(random.choice(chunks) for _ in range(3))]
    trailers = b"t: a\r\n" * random.choice((0, 1, 20_000))
    return (
        _head(random, token, path, b"POST")
        + b"transfer-encoding: chunked\r\n\r\n"
        + b"".join(sent)
        + b"0\r\n"
        + trailers
        + b"\r\n"
    )
