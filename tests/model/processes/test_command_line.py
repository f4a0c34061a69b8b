import shlex
import string
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engineroom.model.processes.command_line import parse
from tests.support.waiting import patient

CHARACTERS = string.ascii_letters + string.digits + " \t'\"\\$`*?[]{}~#=|&;<>()!\n-_./:,%@^+ä"
"""What matters to a shell, and some that does not."""


def split_by_the_shell(command: str) -> list[str] | None:
    """Return the words that /bin/sh makes of a command of plain words, None when it finds an error."""
    script = f"printf '%s\\0' {command}"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=False, timeout=patient(10))
    if done.returncode != 0:
        return None
    return done.stdout.decode().split("\0")[:-1]


@settings(max_examples=150)
@given(st.text(CHARACTERS, min_size=1, max_size=24))
@example("php artisan queue:work --queue='a b'")
@example("a\\ b 'c d' \"e f\"")
@example('x "a\\nb"')
@example("a#b #c")
@example("\\\n")
@example("echo {1,2} a=b")
@example("'' \"\"")
def test_words_that_are_spawned_directly_are_those_that_a_shell_makes(command: str) -> None:
    line = parse(command)

    if line.shell:
        assert line.argv == ("/bin/sh", "-c", command)
    else:
        assert list(line.argv) == split_by_the_shell(command)


@given(st.lists(st.text(CHARACTERS, max_size=8), min_size=1, max_size=5))
def test_quoted_words_come_back_as_they_are(words: list[str]) -> None:
    line = parse("run " + shlex.join(words))
    assert line.shell or list(line.argv) == ["run", *words]


@pytest.mark.parametrize(
    "command",
    [
        "a && b",
        "a | b",
        "a > out",
        "echo $HOME",
        'echo "$HOME"',
        "echo `id`",
        "ls *.php",
        "ls ~/x",
        "FOO=1 run",
        "cd /x",
        "exec run",
        "a # comment",
        "a\nb",
        "an 'open quote",
        "command sleep 1000",
        "type php",
        "read line",
        ": >out",
        "echo \\\r\n  a; sleep 1000",
        "(a)",
    ],
)
def test_what_only_a_shell_understands_goes_to_a_shell(command: str) -> None:
    assert parse(command).shell


@pytest.mark.parametrize(
    "command",
    ["php artisan reverb:start", "echo '$HOME'", r"echo \$HOME", "run a=b c#d x~y", "echo '*' \"a b\""],
)
def test_plain_words_are_spawned_directly(command: str) -> None:
    assert not parse(command).shell


def test_lines_may_end_as_browsers_end_them() -> None:
    assert parse("echo \\\r\n  a \\\r\n  b; sleep 9\r\n").argv == (
        "/bin/sh",
        "-c",
        "echo \\\n  a \\\n  b; sleep 9\n",
    )
    assert parse("php artisan about\r\n").argv == ("php", "artisan", "about")
    assert "\r" not in "".join(parse("a\r\nb").argv)
