"""What goes wrong in the sandbox, in words."""

from engineroom.sandbox.wording import in_a_line


class SandboxError(Exception):
    """A task was not done: why, and what to do about it."""

    def __init__(self, why: str) -> None:
        super().__init__(in_a_line(why))


class RanOutError(SandboxError):
    """A task was ended, as it went beyond a limit or died: which, in words."""
