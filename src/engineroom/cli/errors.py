"""What a command says when it cannot be carried out."""


class CommandError(Exception):
    """One sentence: what could not be done, why, and what to do next."""
