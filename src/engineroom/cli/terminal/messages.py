"""How commands speak: results on standard output, our own log as JSON lines on standard error."""

import contextlib
import logging
import sys
from collections.abc import Sequence

import structlog

from engineroom.cli.terminal.log_flood import FloodProcessor, without_expected_tracebacks
from engineroom.cli.terminal.log_lines import safe


def configure_log(minimum: str = "info") -> None:
    """Have every log line of at least the level `minimum` be one JSON object with time, level, action and message."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            FloodProcessor(),
            without_expected_tracebacks,
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=_LogFile()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    # What libraries log is told in the same form, if it is worth it.
    logging.basicConfig(handlers=[_OfLibraries()], level=logging.WARNING, force=True)


class _LogFile:
    """Standard error, for the log: what cannot be written there, as on a full disk, is left out.

    Whoever has something to tell is mostly handling a fault, and must go on with that.
    """

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


class _OfLibraries(logging.Handler):
    """Makes a record of Python's own log a line of ours, without a traceback: it would be of no code of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            record.getMessage().strip(),
            action=f"library.{record.name}",
            **({"reason": f"{type(error).__name__}: {error}"} if error else {}),
        )


def say(text: str) -> None:
    """Print a line for people or programs, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print a line for people alone, where it is not in the way of what a program reads."""
    sys.stderr.write(f"{safe(text)}\n")
    sys.stderr.flush()


def warn(text: str) -> None:
    """Print a warning for people."""
    note(f"engineroom: warning: {text}")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, each as wide as it must be. Others may choose what is in them: where a link leads."""
    shown = [[safe(cell).replace("\n", "\\n").replace("\t", "\\t") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    for row in (heads, *shown):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
