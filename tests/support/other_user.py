"""Doing something as another user, in a child that is for nothing else."""

import os
from collections.abc import Callable

import pytest


def as_user(uid: int, act: Callable[[], object]) -> bool:
    """Return whether `act`, done by this user with no other groups than his own, was true and raised nothing."""
    pid = os.fork()
    if pid == 0:
        status = 2
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            status = 0 if act() else 1
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        pytest.fail(f"what was done as user {uid} came to an unexpected end: {code}")
    return code == 0
