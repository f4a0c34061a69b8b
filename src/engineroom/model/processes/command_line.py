"""How a command given as text becomes the words of a process: split as a shell would, or handed to a shell."""

import re
import shlex
from dataclasses import dataclass
from functools import lru_cache

# What only a shell understands: lists, pipes, redirections, expansions, globs, subshells, a comment, a tilde.
_SHELL_CHARACTERS = re.compile(r"[|&;<>()$`*?\[\n]|(?:^|\s)[#~]")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_EXPANDS_IN_DOUBLE_QUOTES = re.compile(r"[$`]")

# Reserved words, and builtins that no program stands for (POSIX.1-2024, XCU 2.4, 2.15 and 1.6; bash(1)).
_SHELL_WORDS = frozenset(
    "! . : { } [[ alias bg break builtin case cd command continue declare do done elif else esac eval exec exit export fc "
    "fg fi for getopts hash if jobs let local read readonly return set shift source then times trap type typeset ulimit "
    "umask unalias unset until wait while".split()
)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The words to spawn, and whether they are a shell that the command needs.

    A shell does not pass a signal on to what it waits for, so with `shell` a stop must reach that.
    """

    argv: tuple[str, ...]
    shell: bool


@lru_cache(maxsize=1024)
def parse(command: str) -> CommandLine:
    """Return how to spawn `command`: its own words when they are plain, else `sh -c` around it.

    Text that no shell could split (an open quote) goes to the shell too, whose own message then says so. Lines may end as
    browsers end them.
    """
    command = command.replace("\r\n", "\n")
    if not _needs_shell(command):
        return CommandLine(argv=tuple(shlex.split(command)), shell=False)
    return CommandLine(argv=("/bin/sh", "-c", command), shell=True)


def _needs_shell(command: str) -> bool:
    try:
        words = shlex.split(command)
    except ValueError:
        return True
    if "\\\n" in command:
        # A line that goes on in the next one: only a shell reads it so.
        return True
    if not words or words[0] in _SHELL_WORDS or _ASSIGNMENT.match(words[0]):
        return True
    bare, double_quoted = _outside_and_inside_quotes(command.rstrip("\n"))
    return bool(_SHELL_CHARACTERS.search(bare) or _EXPANDS_IN_DOUBLE_QUOTES.search(double_quoted))


def _outside_and_inside_quotes(command: str) -> tuple[str, str]:
    """Return the text that stands bare and the text inside double quotes; escaped and single-quoted text is in neither.

    What is taken out leaves an `x` in its place, so that a `#` or `~` behind it is not taken for the start of a word.
    """
    bare: list[str] = []
    double_quoted: list[str] = []
    quote = ""
    characters = iter(command)
    for character in characters:
        if character == "\\" and quote != "'":
            next(characters, "")
            bare.append("x")
        elif character == quote:
            quote = ""
        elif quote:
            if quote == '"':
                double_quoted.append(character)
        elif character in "'\"":
            quote = character
            bare.append("x")
        else:
            bare.append(character)
    return "".join(bare), "".join(double_quoted)
