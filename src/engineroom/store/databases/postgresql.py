"""PostgreSQL: how it is connected to, and how long each answer may take."""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event

from engineroom.store.databases.json_columns import JSON
from engineroom.store.databases.patience import patient_connection
from engineroom.store.errors import StoreError

_OPTIONS = (
    "timezone=utc",
    "synchronous_commit=on",
    "statement_timeout=8s",
    "lock_timeout=8s",
    # Whoever hangs in the middle of a write must not keep all others from theirs.
    "idle_in_transaction_session_timeout=30s",
)
_TIMES = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
"""In seconds, but for the milliseconds of `tcp_user_timeout` (section 34.1.2 of PostgreSQL's manual)."""


def postgresql_engine(url: URL) -> Engine:
    """Return the engine of a PostgreSQL database. Raises StoreError when its driver is not installed."""
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            # A connection that a restart of the database has ended is replaced before it is used.
            pool_pre_ping=True,
            connect_args={
                "options": " ".join(f"-c {option}" for option in _OPTIONS),
                **_TIMES,
            },
            **JSON,
        )
    except ModuleNotFoundError:
        raise StoreError(
            "cannot use PostgreSQL: its driver is not installed; install engineroom[postgresql]"
        ) from None
    event.listen(engine, "do_connect", _connect_patiently)
    return engine


def _connect_patiently(_dialect: object, _record: object, arguments: Any, options: Any) -> Any:
    return patient_connection().connect(*arguments, **options)
