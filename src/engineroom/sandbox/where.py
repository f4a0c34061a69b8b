"""Where a path leads, looked up with the rights of the tenant whose it is."""

import os

from engineroom.sandbox.task import Question


def _resolved(path: str) -> str:
    return os.path.realpath(path, strict=True)


WHERE = Question(name="engineroom.sandbox.where:WHERE", asks=str, answers=str, answer=_resolved)
"""Asked with a path, answers with the one that has no links in it; fails where there is none."""
