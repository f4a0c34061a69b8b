"""What can be wrong with a database."""


class StoreError(Exception):
    """The database cannot be used, why, and what to do next."""

    is_outage = True


class NoRoomError(StoreError):
    """The disk of the database is full. Nothing of the write is in it, and what runs goes on running."""


class UnavailableError(StoreError):
    """The database cannot be reached, is locked, or takes no changes: later it may be there again."""
