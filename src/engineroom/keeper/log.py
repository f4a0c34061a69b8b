"""The keeper's own log: one JSON object a line on standard error, which its launcher sends to a file."""

import json
import sys
import time


def write(level: str, action: str, message: str, **facts: object) -> None:
    """Write one line. A log that cannot be written (full disk) is no reason to stop."""
    entry = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "level": level,
        "action": action,
        "message": message,
        **facts,
    }
    try:
        sys.stderr.write(json.dumps(entry) + "\n")
        sys.stderr.flush()
    except OSError:
        return
