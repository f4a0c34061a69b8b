"""How entries look in a terminal."""

from typing import Any

from engineroom.cli.terminal.log_lines import safe, shown

LINE: dict[str, Any] = {
    "logged_at": "2025-11-25T12:00:00.123456Z",
    "replica": 1,
    "index": 2,
    "level": "error",
    "message": "it broke",
}


def test_an_entry_has_its_time_who_wrote_it_and_its_text() -> None:
    assert shown(LINE, "…a1b2 ", coloured=False) == "2025-11-25 12:00:00.123 …a1b2 1/2 it broke"


def test_a_person_sees_errors_in_red() -> None:
    assert "\x1b[31mit broke\x1b[0m" in shown(LINE, "", coloured=True)


def test_the_other_fields_of_a_line_of_json_stand_behind_its_message() -> None:
    line = {
        **LINE,
        "data": {"channel": None, "context": {"job": 7, "queue": "mail\x1b[2J", "of": "a b"}, "extra": None},
    }
    assert shown(line, "", coloured=False).endswith(' it broke job=7 queue=mail\\x1b[2J of="a b"')
    assert shown({**LINE, "data": {"context": None}}, "", coloured=False).endswith(" it broke")


def test_a_terminal_obeys_nothing_that_a_process_wrote() -> None:
    hostile = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x9b1A a\rb \u202eabc\ttab\nline"

    assert safe(hostile) == "red \\x1b]0;title\\x07 \\x1b[2J\\x9b1A a\\x0db \\x202eabc\ttab\nline"
