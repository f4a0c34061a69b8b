"""Asking a sandbox from tests that are no coroutines."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from engineroom.sandbox import Ran, Sandbox, SandboxError, TaskLimits, Tenant, TenantCommand

T = TypeVar("T")

LIMITS = TaskLimits(seconds=60, cpu_seconds=20, processes=8)


def in_sandbox(ask: Callable[[Sandbox], Awaitable[T]]) -> T:
    async def asked() -> T:
        sandbox = Sandbox()
        try:
            return await ask(sandbox)
        finally:
            await sandbox.close()

    return asyncio.run(asked())


def run(*argv: str, tenant: Tenant, limits: TaskLimits = LIMITS, given: bytes = b"") -> Ran:
    return in_sandbox(lambda sandbox: sandbox.run(TenantCommand(argv=argv), tenant, limits, given))


def python(code: str, *, tenant: Tenant, limits: TaskLimits = LIMITS) -> str:
    """Return what a program prints that is written in Python."""
    return run("/usr/bin/env", "python3", "-Ic", code, tenant=tenant, limits=limits).output.decode()


def refused(*argv: str, tenant: Tenant, limits: TaskLimits = LIMITS) -> str:
    with pytest.raises(SandboxError) as caught:
        run(*argv, tenant=tenant, limits=limits)
    return str(caught.value)


def of(folder: Path, os_user: str | None = None) -> Tenant:
    return Tenant(folder=str(folder), os_user=os_user)


PYTHON = sys.executable
