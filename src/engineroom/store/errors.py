"""What can be wrong with a database."""


class StoreError(Exception):
    """The database cannot be used, why, and what to do next."""
