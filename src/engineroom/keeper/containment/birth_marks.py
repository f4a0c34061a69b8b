"""The marks that everything of ours is born with, by which it is found again whatever it has become since.

Variables are what a person sees, but a program may write over its environment to change its title (setproctitle), or give
its children a new one. So there is a resource limit too: RLIMIT_LOCKS, which the kernel has kept and not looked at since
Linux 2.4.25 (getrlimit(2)). Forks, programs that are executed and sessions of their own inherit it, nobody has a reason to
set it, and everybody may read it in /proc/PID/limits.
"""

import contextlib
import os
import resource
from binascii import crc32
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engineroom.keeper import kernel

KEEPER_VARIABLE = "ENGINEROOM_KEEPER"
"""The name of the keeper that started it, or what it descends from."""

ID_VARIABLE = "ENGINEROOM_PROCESS"
"""The id of the process that it belongs to."""

LIFE_VARIABLE = "ENGINEROOM_LIFE"
"""Which life of that process it belongs to."""

_RLIMIT_LOCKS = 10
"""Of every architecture (asm-generic/resource.h); Python has no name for it."""

_LINE = b"Max file locks"
_ID_BITS, _LIFE_BITS, _KEEPER_BITS = 32, 8, 23
"""Of a mark, from the lowest bit: 63 are what Python can set."""

_LIVES = 1 << _LIFE_BITS


class Born(NamedTuple):
    """A living process that carries a mark of ours. What its marks do not tell any more is None.

    `life` is the number of the life modulo 256 where only the limit tells it.
    """

    pid: int
    group: int
    session: int
    ticks: int
    id: str | None
    life: int | None

    def is_of(self, life: int) -> bool:
        """Return whether it belongs to this life of its process."""
        return self.life is not None and self.lives_after(life) == 0

    def is_after(self, life: int) -> bool:
        """Return whether it belongs to a later life than this one."""
        return 0 < self.lives_after(life) < _LIVES // 2

    def lives_after(self, life: int) -> int:
        """Return how many lives after this one its own is; 0 when nobody knows."""
        return 0 if self.life is None else (self.life - life) % _LIVES


class BirthMarks:
    """Marks what one keeper starts, and finds it."""

    def __init__(self, keeper: str) -> None:
        self._keeper = keeper
        self._high = crc32(keeper.encode()) & ((1 << _KEEPER_BITS) - 1)
        self._inherited = resource.getrlimit(_RLIMIT_LOCKS)

    def variables(self, id: str, life: int) -> Mapping[str, str]:
        """Return the variables of a life."""
        return {KEEPER_VARIABLE: self._keeper, ID_VARIABLE: id, LIFE_VARIABLE: str(life)}

    @contextlib.contextmanager
    def marking(self, id: str, life: int) -> Iterator[None]:
        """Have whoever is born meanwhile carry the mark of a life."""
        most = self._inherited[1]
        # Where somebody has set the limit of the keeper, there are the variables alone.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(_RLIMIT_LOCKS, (self._mark(id, life), most))
        try:
            yield
        finally:
            resource.setrlimit(_RLIMIT_LOCKS, self._inherited)

    def find(self, ids: Iterable[str], pids: Iterable[int] | None = None) -> Iterator[Born]:
        """Yield who lives of ours, among all processes of this host or these.

        Who carries no name of a keeper's, from a version that gave none, is ours when he belongs to one of `ids`.
        """
        known = {crc32(id.encode()): id for id in ids}
        for pid in kernel.pids() if pids is None else pids:
            found = self._look(pid, known)
            if found is not None:
                yield found

    def _look(self, pid: int, known: Mapping[int, str]) -> Born | None:
        mark = self._mark_of(pid)
        variables = self._ours(kernel.environment(pid), known)
        if mark is None and not variables:
            return None
        id, life = variables.get(ID_VARIABLE), variables.get(LIFE_VARIABLE, "")
        number = int(life) if life.isdigit() else None
        if mark is not None and (id is None or crc32(id.encode()) != mark[1]):
            # Its environment is not that of its birth any more, and means nothing.
            number, id = mark[0], known.get(mark[1])
        seen = kernel.seen(pid)
        return seen and Born(pid, *seen, id, number)

    def _ours(self, variables: dict[str, str], known: Mapping[int, str]) -> dict[str, str]:
        """Return the variables when they are of our giving; else none."""
        keeper, id = variables.get(KEEPER_VARIABLE), variables.get(ID_VARIABLE)
        if not id:
            return {}
        is_ours = keeper == self._keeper if keeper else id in known.values()
        return variables if is_ours else {}

    def _mark(self, id: str, life: int) -> int:
        return (self._high << _LIFE_BITS | life % _LIVES) << _ID_BITS | crc32(id.encode())

    def _mark_of(self, pid: int) -> tuple[int, int] | None:
        """Return which life of which process a limit of ours stands for: two numbers."""
        mark = _soft_limit(pid)
        if mark is None or mark >> (_ID_BITS + _LIFE_BITS) != self._high:
            return None
        return mark >> _ID_BITS & (_LIVES - 1), mark & ((1 << _ID_BITS) - 1)


def _soft_limit(pid: int) -> int | None:
    """Return the soft limit that may mark a process; None when it is gone, or has none."""
    try:
        descriptor = os.open(f"/proc/{pid}/limits", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(descriptor, 4096)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    place = text.find(_LINE)
    words = text[place + len(_LINE) :].split(maxsplit=1) if place >= 0 else []
    return int(words[0]) if words and words[0].isdigit() else None
