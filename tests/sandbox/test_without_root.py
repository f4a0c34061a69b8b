"""Who is not root is himself, and asks as himself: everything else holds all the same."""

import os
import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import asyncio, os, sys
from engineroom.queues.base import RedisQueues
from engineroom.queues.finding import FIND, Sought
from engineroom.sandbox import TenantCommand, TaskLimits, Sandbox, SandboxError, Tenant

async def main(folder):
    sandbox = Sandbox()
    sought = Sought(folder=folder, variables={}, connection="redis", queues=None)
    account, found = await sandbox.ask(FIND, sought, Tenant(folder=folder))
    assert account.uid == os.getuid() != 0
    print(found.location().connection.host)
    ran = await sandbox.run(TenantCommand(argv=("cat", "/proc/self/status")), Tenant(folder=folder), TaskLimits(seconds=60))
    print("NoNewPrivs:\\t1" in ran.output.decode())
    try:
        await sandbox.run(TenantCommand(argv=("id",)), Tenant(folder=folder, os_user="0"), TaskLimits(seconds=60))
    except SandboxError as error:
        print(error)
    await sandbox.close()

asyncio.run(main(sys.argv[1]))
"""


def test_it_works_as_any_user_and_becomes_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "composer.lock").write_text(
        '{"packages": [{"name": "laravel/framework", "version": "v12.1.0"}]}'
    )
    (tmp_path / ".env").write_text("REDIS_HOST=cache\n")
    # Root's files are then this user's, who has no rights of root's (user_namespaces(7)).
    unshared = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
    ran = subprocess.run(
        [*unshared, sys.executable, "-c", _SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    host, limited, refusal = ran.stdout.splitlines()
    assert (host, limited) == ("cache", "True")
    assert "Operation not permitted" in refusal
