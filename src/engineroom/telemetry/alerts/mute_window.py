"""When nobody is notified. Afterwards people hear only of what has changed and stayed so: pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class MuteWindow:
    """From one time of day to another, which may be of the next day, in a time zone."""

    begin: time
    end: time
    zone: ZoneInfo

    def holds(self, at: float) -> bool:
        """Return whether a moment, in seconds since 1970, is within them."""
        now = datetime.fromtimestamp(at, UTC).astimezone(self.zone).time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def mute_window(text: str, zone: str) -> MuteWindow:
    """Return the window that a text such as `22:00-07:00` says. Raises ValueError."""
    begin, _, end = text.partition("-")
    try:
        return MuteWindow(time.fromisoformat(begin.strip()), time.fromisoformat(end.strip()), ZoneInfo(zone))
    except ZoneInfoNotFoundError:
        raise ValueError(f"{zone!r} is no time zone; give one such as Europe/Berlin") from None
    except ValueError:
        raise ValueError(f"{text!r} are no quiet hours; give them as HH:MM-HH:MM") from None
