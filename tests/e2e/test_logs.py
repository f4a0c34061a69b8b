"""What workers print is in the log, once, whatever is killed; and is seen in the terminal while it is printed."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.support.engineroom_server import ENGINEROOM, EngineroomServer
from tests.support.waiting import wait_until

TALKER = """
import sys, time
number = 0
while True:
    number += 1
    print(f"line {number}", flush=True)
    time.sleep(0.005)
"""

FAILING = """
import time, sys
print("about to fail", flush=True)
time.sleep(0.3)
raise RuntimeError("it broke")
"""


def printed(engineroom: EngineroomServer, of: str, **parameters: object) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    cursor = None
    while True:
        query = "&".join(f"{name}={value}" for name, value in {**parameters, "limit": 1000}.items())
        answer = engineroom.api.get(
            f"/api/background-processes/{of}/logs?{query}" + (f"&cursor={cursor}" if cursor else "")
        )
        lines += answer["data"]
        cursor = answer["meta"]["cursor"]
        if cursor is None:
            return lines


def has_more(engineroom: EngineroomServer, of: str, count: int) -> bool:
    return len(printed(engineroom, of)) > count


def test_every_line_is_there_once_and_in_order_though_the_server_is_killed(
    engineroom: EngineroomServer, code: Path
) -> None:
    (code / "talker.py").write_text(TALKER)
    linked = engineroom.link(code, name="Talker")
    program = engineroom.api.create(
        linked.instance, type="custom", processes=1, command=f"{sys.executable} talker.py"
    )
    for kills in range(4):
        wait_until("more is stored", partial(has_more, engineroom, program.id, kills * 200))
        if kills < 3:
            engineroom.kill()
            engineroom.start()

    numbers = [str(line["message"]).removeprefix("line ") for line in printed(engineroom, program.id)]

    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


def test_a_trace_is_one_error_beside_its_event(engineroom: EngineroomServer, code: Path) -> None:
    (code / "failing.py").write_text(FAILING)
    linked = engineroom.link(code, name="Failing")
    program = engineroom.api.create(
        linked.instance, type="custom", processes=1, command=f"{sys.executable} failing.py"
    )

    def errors() -> list[dict[str, object]]:
        return printed(engineroom, program.id, level="error")

    first = wait_until("the trace is stored", errors)[0]

    assert str(first["message"]).startswith("Traceback (most recent call last):\n")
    assert str(first["message"]).endswith("RuntimeError: it broke")
    assert (first["type"], first["stream"], first["replica"], first["index"]) == ("exception", "stderr", 1, 0)
    data = first["data"]
    assert isinstance(data, dict)
    assert data["class"] == "RuntimeError"


def test_the_terminal_follows_what_is_printed(engineroom: EngineroomServer, code: Path) -> None:
    (code / "talker.py").write_text(TALKER)
    linked = engineroom.link(code, name="Talker")
    program = engineroom.api.create(
        linked.instance, type="custom", processes=1, command=f"{sys.executable} talker.py"
    )
    environment = {**os.environ, "ENGINEROOM_URL": engineroom.address, "ENGINEROOM_TOKEN": engineroom.token}
    words = [ENGINEROOM, "logs", program.id, "-f", "--lines", "0"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        shown = [int(following.stdout.readline().split()[-1]) for _ in range(20)]
        following.terminate()

    assert shown == list(range(shown[0], shown[0] + 20))
