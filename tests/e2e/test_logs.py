"""What workers print is in the log, once, whatever is killed; and is seen in the terminal while it is printed."""

import json
import os
import subprocess
from functools import partial
from pathlib import Path

import httpx

from tests.support.engineroom_server import ENGINEROOM, EngineroomServer
from tests.support.waiting import patient, wait_until

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

HOSTILE = r"""
import os, time
os.write(1, b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\n")
os.write(1, b"\x00\xff\xfe\xc0\xaf" + bytes(range(32)) .replace(b"\n", b"") + b"\n")
os.write(1, b"fine\r[2025-11-25 12:00:00] production.ERROR: injected\n")
os.write(1, b'{"message":"' + b"[" * 100000 + b'"}\n')
os.write(1, b'{"a":' * 20000 + b"1" + b"}" * 20000 + b"\n")
line = b"x" * (10 << 20)
while line:
    line = line[os.write(1, line):]
os.write(1, b"\nlast\n")
time.sleep(60)
"""
"""Escapes, every control character, a carriage return before a false level, bombs of JSON, and 10 MB without an end."""


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
    _, program = engineroom.run_script(code, "talker", TALKER)
    for kills in range(4):
        wait_until("more is stored", partial(has_more, engineroom, program.id, kills * 200))
        if kills < 3:
            engineroom.kill()
            engineroom.start()

    numbers = [str(line["message"]).removeprefix("line ") for line in printed(engineroom, program.id)]

    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


def test_a_follower_gets_every_line_once_though_the_server_is_killed(
    engineroom: EngineroomServer, code: Path
) -> None:
    _, program = engineroom.run_script(code, "talker", TALKER)
    seen: list[tuple[int, str]] = []

    def follow(until: int) -> None:
        headers = {
            "authorization": f"Bearer {engineroom.token}",
            "last-event-id": str(seen[-1][0] if seen else 0),
        }
        address = f"{engineroom.address}/api/background-processes/{program.id}/logs?follow=true"
        with httpx.stream("GET", address, headers=headers, timeout=patient(30)) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    entry = json.loads(line.removeprefix("data: "))
                    seen.append((entry["id"], entry["message"]))
                if len(seen) >= until:
                    return

    for kills in range(4):
        follow(until=len(seen) + 300)
        if kills < 3:
            engineroom.kill()
            engineroom.start()

    assert seen == [(number, f"line {number}") for number in range(1, len(seen) + 1)]


def test_a_prompt_is_seen_before_its_line_ends_and_stored_once_when_it_does(
    engineroom: EngineroomServer, code: Path
) -> None:
    script = "import os, time; os.write(1, b'Continue? ')\n"
    script += "while not os.path.exists('go'): time.sleep(0.01)\nos.write(1, b'yes\\n'); time.sleep(60)"
    _, program = engineroom.run_script(code, "prompt", script)

    def seen() -> list[tuple[object, object]]:
        return [(line["id"], line["message"]) for line in printed(engineroom, program.id)]

    wait_until("the prompt is seen", lambda: seen() == [(None, "Continue? ")])
    (code / "go").touch()
    wait_until("the line is whole", lambda: seen() == [(1, "Continue? yes")])


def test_the_end_of_a_process_stands_in_the_log_between_its_lives(
    engineroom: EngineroomServer, code: Path
) -> None:
    script = "import os; os.write(1, b'ERROR: hello\\n'); os.write(2, b'last words'); os._exit(3)"
    _, program = engineroom.run_script(code, "dying", script)

    def has_died_twice() -> bool:
        return sum(line["stream"] == "system" for line in printed(engineroom, program.id)) >= 2

    wait_until("it has died twice", has_died_twice)
    lines = [(line["stream"], str(line["message"])) for line in printed(engineroom, program.id)]
    for begin in (0, 3):
        assert sorted(lines[begin : begin + 2]) == [("stderr", "last words"), ("stdout", "ERROR: hello")]
        stream, message = lines[begin + 2]
        assert stream == "system"
        assert message.startswith("Process 0 of replica 1 ended: failed at start (exit 3), after ")
        assert "it starts again" in message


def test_what_cannot_be_started_says_so_in_the_log(engineroom: EngineroomServer, code: Path) -> None:
    linked = engineroom.link(code)
    made = engineroom.api.create(linked.instance, type="custom", processes=1, command="no-such-program")

    def messages() -> list[str]:
        return [str(line["message"]) for line in printed(engineroom, made.id, type="system", level="error")]

    wait_until("it is said", lambda: any("could not be started" in message for message in messages()))


def test_whatever_a_process_prints_is_stored_and_shown_safely(tmp_path: Path, code: Path) -> None:
    # It prints at once more than is kept of what nobody has read yet.
    with EngineroomServer(tmp_path, ENGINEROOM_OUTPUT_KEPT_MEGABYTES="64") as engineroom:
        engineroom.start()
        _, program = engineroom.run_script(code, "hostile", HOSTILE)

        def last() -> bool:
            return any(line["message"] == "last" for line in printed(engineroom, program.id))

        wait_until("all of it is stored", last, timeout_seconds=60)
        lines = printed(engineroom, program.id)
        kept = httpx.get(
            f"{engineroom.address}/api/background-processes/{program.id}/logs?download=true",
            headers={"authorization": f"Bearer {engineroom.token}"},
            timeout=patient(30),
        ).content
        environment = {
            **os.environ,
            "ENGINEROOM_URL": engineroom.address,
            "ENGINEROOM_TOKEN": engineroom.token,
        }
        shown = subprocess.run(
            [ENGINEROOM, "logs", program.id], env=environment, capture_output=True, check=True
        ).stdout

    assert len(lines) == 5 + 10 + 1
    assert sum(len(str(line["message"])) for line in lines[5:15]) == 10 << 20
    assert [line["truncated"] for line in lines[5:15]] == [True] * 9 + [False]
    assert (lines[2]["level"], lines[2]["type"]) == ("info", "system")
    assert b"\x00\xff\xfe\xc0\xaf" in kept
    assert not set(shown) & {0x1B, 0x00, 0x07, 0x0D}


def test_a_trace_is_one_error_beside_its_event(engineroom: EngineroomServer, code: Path) -> None:
    _, program = engineroom.run_script(code, "failing", FAILING)

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
    _, program = engineroom.run_script(code, "talker", TALKER)
    environment = {**os.environ, "ENGINEROOM_URL": engineroom.address, "ENGINEROOM_TOKEN": engineroom.token}
    words = [ENGINEROOM, "logs", program.id, "-f", "--lines", "0"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        shown = [int(following.stdout.readline().split()[-1]) for _ in range(20)]
        following.terminate()

    assert shown == list(range(shown[0], shown[0] + 20))
