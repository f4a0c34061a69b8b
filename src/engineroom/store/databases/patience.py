"""A connection to PostgreSQL that does not wait for ever for a server that accepts, and does not answer."""

from functools import cache
from typing import Any

WAIT_SECONDS = 10.0
"""Longer than the server's own limits, of which it says more, and which leave the connection usable."""


@cache
def patient_connection() -> Any:
    """Return the class of such connections; imported late, as most servers do without PostgreSQL."""
    import psycopg  # noqa: PLC0415
    from psycopg import errors  # noqa: PLC0415

    class Patient(psycopg.Connection[Any]):
        """`wait_seconds` is how long each answer is waited for; None waits for ever."""

        wait_seconds: float | None = WAIT_SECONDS

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            """Wait for an answer. A connection on which there was none cannot be used any more."""
            try:
                return super().wait(gen, interval, timeout or self.wait_seconds)
            except errors._WaitTimeout:  # noqa: SLF001 - psycopg has no public name for it
                self.pgconn.finish()
                raise psycopg.OperationalError(
                    f"the server has not answered for {self.wait_seconds:g} s"
                ) from None

    return Patient
