"""What an alert is about, as people know it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The names of what is wrong, and why it is. What is not known, or does not apply, is empty.

    `process` is what the background process runs, `node` the host, `reason` how a process ended last, or what was
    wrong with what a keeper said.
    """

    application: str = ""
    environment: str = ""
    process: str = ""
    node: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        """All names in one line."""
        place = " / ".join(filter(None, (self.application, self.environment)))
        where = " on ".join(filter(None, (place, self.node)))
        return f"{self.process} ({where})" if self.process and where else self.process or where

    def fields(self) -> list[tuple[str, str]]:
        """Return each name with what it is the name of; what is empty is left out."""
        named = (
            ("Application", self.application),
            ("Environment", self.environment),
            ("Background process", self.process),
            ("Node", self.node),
            ("Reason", self.reason),
        )
        return [(what, name) for what, name in named if name]


UNKNOWN = Origin()
