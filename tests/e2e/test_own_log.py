"""Our own log: one JSON object a line, each with what was done; and never a secret, whatever goes wrong."""

import json
import sys
from pathlib import Path

import httpx

from tests.support.engineroom_server import EngineroomServer
from tests.support.ports import free_port
from tests.support.waiting import patient, wait_until

VARIABLE = "planted-variable-5f2c"
WEBHOOK = "planted-webhook-91aa"
SLACK = "planted-slack-77bd"
MAIL = "planted-mail-0c4e"
PRINTED = "planted-output-3d1f"
WRONG_TOKEN = "er_planted-token-8e6b"
PLANTED = (VARIABLE, WEBHOOK, SLACK, MAIL, PRINTED, WRONG_TOKEN)

SETTINGS = """
[[alerts.webhooks]]
url = "http://user:{webhook}@127.0.0.1:{port}/{webhook}"
secret = "{webhook}"

[[alerts.slack]]
url = "http://127.0.0.1:{port}/{slack}"

[[alerts.mail]]
host = "127.0.0.1"
port = {port}
user = "planted"
password = "{mail}"
from = "a@example.org"
to = ["b@example.org"]

[alerts.rules.crash_loop]
seconds = 0
"""


def test_no_secret_is_ever_in_our_own_log(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "dies.py").write_text(f"import os, sys\nsys.exit('{PRINTED} ' + os.environ['SECRET'])\n")
    with EngineroomServer(tmp_path) as engineroom:
        engineroom.data.mkdir()
        (engineroom.data / "settings.toml").write_text(
            SETTINGS.format(webhook=WEBHOOK, slack=SLACK, mail=MAIL, port=free_port())
        )
        engineroom.start()
        linked = engineroom.link(code, name="Secrets", SECRET=VARIABLE)
        engineroom.api.create(
            linked.instance, type="custom", processes=2, command=f"{sys.executable} dies.py"
        )
        engineroom.api.create(linked.instance, type="custom", processes=1, command="/nowhere/at/all")
        tested = httpx.post(
            f"{engineroom.address}/api/alerts/test",
            headers={"authorization": f"Bearer {engineroom.token}"},
            timeout=patient(60),
        )
        for path in ("/api/applications", f"/api/{WRONG_TOKEN}"):
            headers = {"authorization": f"Bearer {WRONG_TOKEN}"}
            httpx.get(engineroom.address + path, headers=headers, timeout=patient(30))
        wait_until(
            "it crash-loops, and sending that fails",
            lambda: "alert.failed" in engineroom.output(),
            timeout_seconds=60,
        )
        engineroom.stop()
        ours = engineroom.output()
        keepers = (engineroom.data / "keeper" / "log").read_text()

    planted = (*PLANTED, engineroom.token)
    assert [outcome["sent"] for outcome in tested.json()["data"]] == [False] * 3
    assert [secret for secret in planted if secret in ours + keepers + tested.text] == []
    lines = [line for line in ours.splitlines() if not line.startswith("engineroom listens on ")]
    for line in [*lines, *keepers.splitlines()]:
        entry = json.loads(line)
        assert entry.keys() >= {"time", "level", "action", "message"}, line
