"""A file is read from whatever is sent, in a time that only its length decides."""

import time

import pytest

from engineroom.api.http.multipart import uploaded

FORM = "multipart/form-data; boundary=b"
MUCH = 3_000_000


def part(name: str, content: bytes, *headers: bytes) -> bytes:
    head = b'Content-Disposition: form-data; name="%s"; filename="a"' % name.encode()
    return b"\r\n".join([b"--b", head, *headers, b"", content, b""])


def test_the_file_is_what_stands_between_the_boundaries_byte_for_byte() -> None:
    file = b"\r\n--not a boundary\r\n\x00\xff\r\n\r\n"
    body = part("other", b"1") + part("avatar", file, b"Content-Type: image/png") + b"--b--\r\n"
    assert uploaded(body, FORM, "avatar") == file
    assert uploaded(body, 'Multipart/Form-Data; charset=utf-8; boundary="b"', "avatar") == file
    assert uploaded(body, FORM, "nothing") is None


def test_the_first_line_is_the_boundary_where_the_type_names_none() -> None:
    assert uploaded(part("avatar", b"x") + b"--b--", "application/json", "avatar") == b"x"
    assert uploaded(part("avatar", b"x") + b"--b--", "", "avatar") == b"x"
    assert uploaded(b"no boundary", "", "avatar") is None


def test_what_is_behind_the_last_boundary_is_no_part() -> None:
    assert uploaded(b"--b--\r\n" + part("avatar", b"x") + b"--b--", FORM, "avatar") is None


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"--b\r\n" * (MUCH // 5), FORM),
        (b"\r\n--b" * (MUCH // 5), FORM),
        (b"--b\r\n\r\n" * (MUCH // 7), FORM),
        (b"--b\r\n" + b"a: b\r\n" * (MUCH // 6), FORM),
        (b"--b\r\nContent-Disposition: form-data; name=" + b'"' * MUCH, FORM),
        (b"--b\r\nContent-Disposition: form-data" + b"; a=b" * (MUCH // 5), FORM),
        (b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 50_000, FORM),
        (b"--b\r\nContent-Type: message/rfc822\r\n\r\n" * 50_000, FORM),
        (b"\r\n" * (MUCH // 2), FORM),
        (
            b"\r\n--" + (b"\r\n--" * 17) * (MUCH // 68),
            'multipart/form-data; boundary="\r\n--\r\n--\r\n--\r\n--"',
        ),
        (b"a" * MUCH, "multipart/form-data; boundary=" + "a" * 70),
        (b"\r\n--" + b"a" * MUCH, "multipart/form-data; boundary=" + "a" * 69 + "b"),
        (b"x", "multipart/form-data; boundary=" + "a" * 71),
        (b"x", "multipart/form-data; boundary"),
        (b"x", "multipart/form-data; boundary*=utf-8''a"),
        (b"x", "multipart/form-data" + "; boundary=b" * 10_000),
        (b"--" + b"a" * MUCH, "text/plain"),
        (b"", FORM),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_nothing_that_is_sent_takes_long_or_breaks_it(body: bytes, media_type: str) -> None:
    busy = time.process_time()
    assert uploaded(body, media_type, "avatar") is None
    assert time.process_time() - busy < 2
