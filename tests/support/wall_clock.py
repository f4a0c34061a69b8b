"""A wall clock that a test sets, for everything that it starts: as if somebody set that of the machine.

The kernel has one such clock for all, and no namespace has another. So what is started sees another /etc, which has the
dynamic linker load a library before all others (ld.so(8)): also into what is started with no variables of ours.

libfaketime does not serve: it keeps a semaphore that its processes share, and whoever is killed with it has the
others wait for ever.
"""

import struct
import subprocess
import time
from pathlib import Path

_SOURCE = Path(__file__).with_name("wall_clock.c")
_STEP = struct.Struct("=qq")
_STEPS = 4096
_WITHIN = 'mount -t overlay overlay -o "lowerdir=$0:/etc" /etc && exec "$@"'


class WallClock:
    """The clock, kept in a folder which is made. It begins with the true time."""

    def __init__(self, folder: Path) -> None:
        etc = folder / "etc"
        etc.mkdir(parents=True)
        self._table = folder / "table"
        self._table.write_bytes(bytes(_STEP.size * _STEPS))
        library = folder / "wall_clock.so"
        define = f'-DTABLE="{self._table}"'
        words = [
            "cc",
            "-O2",
            "-Wall",
            "-Werror",
            "-shared",
            "-fPIC",
            define,
            "-o",
            str(library),
            str(_SOURCE),
        ]
        subprocess.run(words, check=True)
        (etc / "ld.so.preload").write_text(f"{library}\n")
        self.within = ("unshare", "--mount", "sh", "-c", _WITHIN, str(etc))
        """A command that ends by executing its arguments, by this clock."""
        self._steps = 0
        self.ahead_seconds = 0

    def jump(self, seconds: int) -> None:
        """Set the clock ahead, or back, of what it shows now."""
        self.set(self.ahead_seconds + seconds)

    def set(self, ahead_seconds: int) -> None:
        """Set the clock to so much more than the true time."""
        assert self._steps < _STEPS, "the clock was set too often"
        self.ahead_seconds = ahead_seconds
        with self._table.open("r+b") as table:
            place = self._steps * _STEP.size
            # First how much, then from when on: it counts once that is there.
            for offset, value in ((8, ahead_seconds), (0, int(time.time()))):
                table.seek(place + offset)
                table.write(struct.pack("=q", value))
                table.flush()
        self._steps += 1
