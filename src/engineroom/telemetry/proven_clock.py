"""By which time old things are removed: the host's, once it has proved itself.

A clock that jumps a year ahead would have everything removed at once that is kept for days. So a new time counts only when
it has gone on for hours of uptime as clocks do; restarts of the server do not make it true. Going back is believed at
once: then only less is removed.
"""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

import msgspec
import structlog

STEP_SECONDS = 86_400.0
"""So much more than the last known time is believed at once, as after a night without engineroom."""

PROOF_SECONDS = 6 * 3600.0
_DRIFT_SECONDS = 300.0
"""What corrects a clock, be it a step of NTP, moves it by less; what goes on like that is one and the same time."""

_WRITE_SECONDS = 600.0

_UNKNOWN = 0.0
"""So long ago that nothing is old enough to be removed."""

_log = structlog.get_logger()


class Proof(msgspec.Struct, frozen=True):
    """`believed` is the time that counts. `seen` was the clock's when it was last looked at; it was steady for so long."""

    believed: float
    seen: float
    steady_seconds: float = 0.0


def look(proof: Proof, now: float, elapsed_seconds: float | None) -> Proof:
    """Return what is believed when the clock says `now`, so much uptime after the last look; None: an unknown time."""
    if now <= proof.believed + STEP_SECONDS:
        return Proof(now, now)
    steady = 0.0
    if elapsed_seconds is None:
        if proof.seen <= now <= proof.seen + STEP_SECONDS:
            steady = proof.steady_seconds
    elif abs(now - proof.seen - elapsed_seconds) <= _DRIFT_SECONDS:
        steady = proof.steady_seconds + elapsed_seconds
    return Proof(now, now) if steady >= PROOF_SECONDS else Proof(proof.believed, now, steady)


class ProvenClock:
    """The clock of one data folder. What it knows is in a small file; where that cannot be written, it is known on."""

    def __init__(
        self,
        path: Path,
        proof: Proof,
        *,
        clock: Callable[[], float],
        uptime: Callable[[], float],
    ) -> None:
        self._path = path
        self._proof = proof
        self._clock = clock
        self._uptime = uptime
        self._looked_at: float | None = None
        self._write_at = 0.0
        self._is_doubted = False
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        path: Path,
        witnesses: Iterable[Path] = (),
        *,
        clock: Callable[[], float] = time.time,
        uptime: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Return the clock that is remembered in a file.

        Where that was lost, but its witnesses show that there was a time before, nothing is known: what they were last
        written at may itself be the time of a clock that had jumped.
        """
        try:
            proof = msgspec.json.decode(path.read_bytes(), type=Proof)
        except (OSError, msgspec.DecodeError):
            now = clock()
            proof = Proof(_UNKNOWN if any(witness.exists() for witness in witnesses) else now, now)
        return cls(path, proof, clock=clock, uptime=uptime)

    def now(self) -> float:
        """Return the time that is believed, in seconds since 1970. Any thread may ask."""
        with self._lock:
            return self._look()

    def _look(self) -> float:
        now, uptime = self._clock(), self._uptime()
        elapsed = None if self._looked_at is None else uptime - self._looked_at
        self._looked_at = uptime
        before, self._proof = self._proof, look(self._proof, now, elapsed)
        self._tell(now)
        is_due = uptime >= self._write_at or not self._path.exists()
        if is_due or self._proof.steady_seconds < before.steady_seconds:
            self._write_at = uptime + _WRITE_SECONDS
            self._write()
        return self._proof.believed

    def _tell(self, now: float) -> None:
        is_doubted = self._proof.believed != now
        if is_doubted and not self._is_doubted:
            is_unknown = self._proof.believed == _UNKNOWN
            _log.warning(
                f"{'No earlier time is known' if is_unknown else 'The clock is far ahead of the last known time'}; "
                "nothing is removed for its age until it has proved itself.",
                action="clock.doubted",
                hours=PROOF_SECONDS / 3600,
                last_known=None if is_unknown else self._proof.believed,
            )
        self._is_doubted = is_doubted

    def _write(self) -> None:
        new = self._path.with_suffix(".new")
        try:
            new.write_bytes(msgspec.json.encode(self._proof))
            new.replace(self._path)
        except OSError:
            return  # it is known on, and written when there is room
