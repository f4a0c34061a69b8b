"""What an error of a database's driver says of the database, and what to do then."""

import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

# Of the index of its write-ahead log, SQLite does not tell why it cannot be made longer.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_PRIMARY = 0xFF
"""The extended codes of SQLite have the code that they belong to in these bits."""


class Trouble(Enum):
    """Each says what to do, as the end of a sentence."""

    FULL = "make room on its disk"
    LOCKED = "another program holds it locked: end that, or wait until it is done"
    READ_ONLY = (
        "it takes no changes: make the file and its folder writable, or name a server that is no standby"
    )
    UNREACHABLE = "see that it is there and can be reached, or correct the setting database"
    DAMAGED = "restore it from a copy, or name another one"


_SQLITE = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_IOERR: Trouble.UNREACHABLE,
    sqlite3.SQLITE_CANTOPEN: Trouble.UNREACHABLE,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
}
_POSTGRESQL = {
    "53100": Trouble.FULL,
    "25006": Trouble.READ_ONLY,
    "55P03": Trouble.LOCKED,
    "40001": Trouble.LOCKED,
    "40P01": Trouble.LOCKED,
    "57014": Trouble.UNREACHABLE,
    "25P03": Trouble.UNREACHABLE,
    "XX001": Trouble.DAMAGED,
    "XX002": Trouble.DAMAGED,
    "08": Trouble.UNREACHABLE,
    "28": Trouble.UNREACHABLE,
    "3D": Trouble.UNREACHABLE,
    "53": Trouble.UNREACHABLE,
    "57": Trouble.UNREACHABLE,
    "58": Trouble.UNREACHABLE,
}
"""PostgreSQL's codes, and the classes of those that are not named (appendix A of its manual)."""


def trouble_of(error: DBAPIError) -> Trouble | None:
    """Return what is wrong with the database; None when it is the statement that is wrong."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return Trouble.FULL if code in _FULL else _SQLITE.get(code & _PRIMARY)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state, _POSTGRESQL.get(state[:2]))
    # A connection that was lost, or never made, has no code.
    return Trouble.UNREACHABLE if isinstance(error, OperationalError | InterfaceError) else None


def reason_of(error: DBAPIError) -> str:
    """Return the driver's words, in one line."""
    return "; ".join(line.strip() for line in str(error.orig).splitlines() if line.strip())
