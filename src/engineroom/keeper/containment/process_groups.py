"""Process groups whose leader is gone: does anybody still live in them?"""

import time

from engineroom.keeper import kernel

_LOOK_AGAIN_SECONDS = 1.0


class LeaderlessGroups:
    """Tells an inhabited group from one of which only zombies are left.

    Signal 0 cannot: it reaches zombies too, and after a crash of ours the orphans belong to an init that may reap late.
    So all processes are looked through as well, once for all groups and not more than once a second.
    """

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._looked_at = 0.0
        self._living: set[int] = set()

    def note(self, group: int) -> None:
        """Take in that this group has no leader any more."""
        self._since[group] = time.monotonic()

    def is_inhabited(self, group: int) -> bool:
        """Return whether a process lives in the group; forgets the group when none does."""
        if kernel.signal_group(group, 0) and self._may_live(group):
            return True
        self._since.pop(group, None)
        return False

    def _may_live(self, group: int) -> bool:
        now = time.monotonic()
        since = self._since.setdefault(group, now)
        if now - max(since, self._looked_at) >= _LOOK_AGAIN_SECONDS:
            self._living = kernel.living_groups()
            self._looked_at = now
        return group in self._living or self._looked_at <= since
