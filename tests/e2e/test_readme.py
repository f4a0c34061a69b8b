"""The curl that the README shows for the main job does the main job."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.python_worker import copied_to
from tests.support.waiting import patient, wait_until

README = Path(__file__).parents[2] / "README.md"
DEFAULT_ADDRESS = "http://127.0.0.1:8787"

_JOBS = re.compile(r"<!-- jobs -->\s*```\w*\n(.*?)```", re.DOTALL)
_MAIN_JOB = re.compile(r"<!-- main-job -->\s*```\w*\n(.*?)```", re.DOTALL)


@pytest.mark.needs("curl")
def test_the_curl_of_the_readme_starts_what_it_says_and_lists_it(
    engineroom: EngineroomServer, tmp_path: Path
) -> None:
    [shown] = _MAIN_JOB.findall(README.read_text())
    instance = engineroom.link(copied_to(tmp_path)).instance

    answers = paste(
        shown.replace(DEFAULT_ADDRESS, engineroom.address), TOKEN=engineroom.token, INSTANCE=instance
    )

    created, listed = (json.loads(answer)["data"] for answer in answers.splitlines())
    assert created["attributes"]["command"] == "python3 worker.py"
    assert [process["attributes"]["index"] for process in listed] == [0, 1, 2]
    started = BackgroundProcess(engineroom.api, created["id"], operation="")
    assert started.wait_until_running(3) <= engineroom.user_pids()


def test_the_jobs_of_the_readme_are_done(engineroom: EngineroomServer, tmp_path: Path) -> None:
    [shown] = _JOBS.findall(README.read_text())
    folder = copied_to(tmp_path / "examples")
    linked = engineroom.link(folder)
    worker = f"{sys.executable} worker.py"
    made = engineroom.api.create(linked.instance, type="custom", processes=3, command=worker)
    made.wait_until_running(3)
    lines = shown.replace(DEFAULT_ADDRESS, engineroom.address).replace("sleep 5\n", "").splitlines()
    push, curl = lines

    pushed = paste(f"cd {tmp_path}; {push}")
    assert pushed.startswith("pushed 20 jobs")

    def all_done() -> bool:
        answer = paste(curl, TOKEN=engineroom.token, process=made.id)
        messages = [line["message"] for line in json.loads(answer)["data"]]
        return all(any(f"done: greeting {n} of 20" in text for text in messages) for n in range(1, 21))

    wait_until("all twenty are done", all_done)


def paste(text: str, **variables: str) -> str:
    """Run `text` in bash as if it had been pasted, and return what it printed."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=patient(30),
    )
    assert ran.returncode == 0, f"{text}\nexited {ran.returncode}: {ran.stdout}{ran.stderr}"
    return ran.stdout
