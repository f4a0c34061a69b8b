import base64
import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engineroom.model.applications.dotenv import MAX_BYTES, DotenvError, decoded, read
from tests.support.php import Php

OUTSIDE = {"OUTER": "outside", "TAKEN": "kept", "EMPTY": ""}
NAMES = ["A", "B", "C", "D", "A_B", "A.B", "OUTER", "TAKEN", "EMPTY", "exportA", "1A", "x"]

TEXTS = [
    "A=plain",
    "A = blanks around ",
    "A= ",
    "A=",
    "A",
    "A ",
    "=x",
    " =x",
    "A==x",
    "A=a=b",
    "A=one two",
    "A=one # comment",
    "A=one#comment",
    "A=#comment",
    "A= # comment",
    "# A=x",
    "   # A=x",
    "#\nA=x",
    'A="quoted"',
    'A="quoted" # comment',
    'A="quoted"#comment',
    'A="quoted" more',
    'A="quoted"more',
    "A='single'",
    "A='single' # comment",
    "A='single'more",
    "A='a${OUTER}'",
    "A='it\\'s'",
    "A='a\\b'",
    'A="a\'b"',
    "A='a\"b'",
    "A=it's",
    'A=say"hi"',
    'A="open',
    "A='open",
    'A="open\nB=x',
    'A="two\nlines"\nB=x',
    'A="two\n# no comment\nlines" # one\nB=x',
    'A="two\r\nlines"\r\nB=x',
    'A="ends\n"\nB=x',
    'A="\n"\nB=x',
    'A="a \\" b"',
    'A="a \\" b\nc"\nB=x',
    'A="a \\\\"\nB=x',
    'A="pa\\$word"',
    'A="pa$word"',
    "A=pa$word",
    "A=pa\\$word",
    'A="tab\\t new\\n return\\r feed\\f up\\v"',
    'A="bad \\q"',
    'A="bad \\ "',
    'A="bad \\#"',
    "A=back\\slash",
    "A=\\n",
    'A="${OUTER}"',
    "A=${OUTER}",
    'A="${NONE}"',
    'A="$OUTER"',
    'A="${OUTER"',
    'A="\\${OUTER}"',
    'A="${}"',
    'A="${OUT-ER}"',
    'A="${EMPTY}"',
    "B=x\nA=${B}${B}",
    "A=${B}\nB=x",
    "B=OUTER\nA=${${B}}",
    "B='${OUTER}'\nA=\"${B}\"",
    "B=OUT\nC=ER\nA=${${B}${C}}",
    "TAKEN=mine\nA=${TAKEN}",
    "EMPTY=mine\nA=${EMPTY}",
    "A=1\nA=2",
    "A=1\nA\nB=${A}",
    "TAKEN\nA=${TAKEN}",
    "export A=x",
    "export  A=x",
    "export\tA=x",
    "exportA=x",
    "export A",
    "export x=1",
    "'A'=x",
    '"A"=x',
    "A B=x",
    "A-B=x",
    "A.B=x",
    "1A=x",
    "A:x",
    "A: x",
    "\ufeffA=x",
    "A=x\rB=y\r",
    "A=x\r\n\r\nB=y",
    "A=\x0bx",
    "A=a\x0bb",
    "A=a\fb",
    "A=\fb",
    "A=a\0b",
    "A=a\x85b",
    "A=a\u00a0b",
    "A=é",
    'A="é${OUTER}é"',
    "A=" + "x" * 2500,
    "A=(null)",
    'A={"json": true}',
    "A='{\"json\": true}'",
    'A="{\\"json\\": true}"',
    "A=base64:abc+/=",
    "A=a,b;c|d&e",
    "A=\\",
    'A="\\\\"',
    'A="a"b"',
    'A=""',
    "A=''",
    'A="" # c',
    "\t A=x",
    " A = 'x' ",
    'A="x"\n\n\nB="y',
]
"""Every one as it stands in somebody's file, or nearly."""

_PIECES = st.sampled_from(
    [
        *"ABx =\"'\\#$ {}\n\r\t.",
        "${A}",
        "${B}",
        "${OUTER}",
        "\\$",
        "\\n",
        '="',
        '"\n',
        "\r\n",
        "export ",
        "A=",
    ]
)

pytestmark = pytest.mark.needs("php", "laravel")


@pytest.fixture(scope="module")
def phpdotenv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Php]:
    with Php("dotenv.php", str(tmp_path_factory.mktemp("dotenv"))) as php:
        yield php


def ours(text: str) -> dict[str, str | None] | None:
    try:
        found = read(decoded(text.encode()), OUTSIDE)
    except DotenvError:
        return None
    return {name: {**found, **OUTSIDE}.get(name) for name in NAMES}


def theirs(php: Php, text: str) -> dict[str, str | None] | None:
    encoded = base64.b64encode(text.encode()).decode()
    answer = php.ask(text=encoded, outside=OUTSIDE, names=NAMES)
    return answer.get("found")  # type: ignore[no-any-return]


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_is_read_as_phpdotenv_reads_it(phpdotenv: Php, text: str) -> None:
    assert ours(text) == theirs(phpdotenv, text)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(_PIECES, max_size=24).map("".join))
@example('A="${A}${A}"')
def test_whatever_is_written_is_read_as_phpdotenv_reads_it(phpdotenv: Php, text: str) -> None:
    assert ours(text) == theirs(phpdotenv, text)


def test_bytes_that_are_no_text_are_question_marks() -> None:
    assert read(decoded(b"A=a\xffb"), {}) == {"A": "a?b"}


def test_a_name_may_be_of_any_alphabet() -> None:
    # Since phpdotenv 5.5.
    assert read("NÄME=x", {}) == {"NÄME": "x"}


def test_what_is_refused_names_the_line_and_shows_no_value() -> None:
    with pytest.raises(DotenvError, match="invalid name at 'MY-KEY'"):
        read("A=x\nMY-KEY=secret", {})


@pytest.mark.parametrize(
    "text",
    [
        'A="x"\n' + "".join(f'{chr(66 + n)}="${{{chr(65 + n)}}}${{{chr(65 + n)}}}"\n' for n in range(24)),
        "A=" + "x" * MAX_BYTES,
    ],
)
def test_what_would_fill_the_memory_is_refused(text: str) -> None:
    with pytest.raises(DotenvError):
        read(decoded(text.encode()), {})


@pytest.mark.parametrize(
    "piece", ['"', "\\", "$", "${", "${A}", "${A", '="', "\n", "A=\n", 'A="', "#", "x ", "'", '\\\\"']
)
def test_a_megabyte_of_anything_is_read_or_refused(piece: str) -> None:
    # What took a time that grows with the square of the size would not end here.
    with contextlib.suppress(DotenvError):
        read(f'A="{piece * (MAX_BYTES // 2 // len(piece))}"', {"A": ""})
