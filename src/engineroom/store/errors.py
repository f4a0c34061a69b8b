"""What can be wrong with a database."""


class StoreError(Exception):
    """The database cannot be used, why, and what to do next."""


class NoRoomError(StoreError):
    """The disk of the database is full. Nothing of the write is in it, and what runs goes on running."""
