"""What goes wrong in the sandbox, in words."""


class SandboxError(Exception):
    """A task was not done: why, and what to do about it."""


class RanOutError(SandboxError):
    """A task was ended, as it went beyond a limit or died: which, in words."""
