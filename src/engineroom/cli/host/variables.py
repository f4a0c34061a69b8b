"""The variables that a command is given, without their values in the list of processes, which everybody may read."""

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.control.changes.env_text import EnvTextError, variables_in

STANDARD_INPUT = Path("-")

_MAX_FILE = 1_000_000
"""In bytes."""


def given_variables(
    words: Sequence[str], file: Path | None, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the variables in the file, and those of the words, which win. Raises CommandError.

    A word is a KEY, whose value is in our own environment or is asked for at the terminal, or a KEY=VALUE.
    """
    found = {} if file is None else _in_file(file)
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            _warn(key)
        found[key] = value if equals else _elsewhere(key, environment)
    return found


def _warn(key: str) -> None:
    sys.stderr.write(
        f"engineroom: warning: every user of this host could read the value of {key} in the list of processes; if it is "
        f"a secret, change it, and give --variable {key} (its value is taken from the environment or asked for) or "
        "--variables-file\n"
    )


def _elsewhere(key: str, environment: Mapping[str, str]) -> str:
    if key in environment:
        return environment[key]
    if not sys.stdin.isatty():
        raise CommandError(
            f"cannot find a value of {key}: it is not in the environment, and there is no terminal to ask at; set it "
            "there, or give it in a file with --variables-file"
        )
    try:
        return getpass.getpass(f"Value of {key}: ")
    except (EOFError, KeyboardInterrupt):
        raise CommandError(f"no value of {key} was given; nothing was changed") from None


def _in_file(file: Path) -> dict[str, str]:
    """Return the variables in a file that is written as a `.env` file is; `-` is standard input."""
    name = "standard input" if file == STANDARD_INPUT else str(file)
    try:
        # What is no regular file may be read too: a shell gives the output of a command as a pipe.
        with sys.stdin.buffer if file == STANDARD_INPUT else file.expanduser().open("rb") as opened:
            content = opened.read(_MAX_FILE + 1)
        if len(content) > _MAX_FILE:
            raise CommandError(
                f"cannot read the variables in {name}: more than {_MAX_FILE} bytes are not read; make it smaller"
            )
        return {each.key: each.value for each in variables_in(content.decode())}
    except OSError as error:
        raise CommandError(
            f"cannot read the variables in {name}: {error.strerror}; give --variables-file a file that can be read"
        ) from None
    except UnicodeDecodeError:
        raise CommandError(
            f"cannot read the variables in {name}: it is not UTF-8; write it as UTF-8"
        ) from None
    except EnvTextError as error:
        raise CommandError(
            f"cannot read the variables in {name}: {error}; correct it, then link again"
        ) from None
