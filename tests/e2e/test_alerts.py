"""A process that dies again and again is told to a webhook, signed, and so is its end."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until
from tests.telemetry.alerts.test_delivery import Receiver, receiver  # noqa: F401 - a fixture

SECRET = "signs-what-is-sent"


def test_a_crash_loop_is_told_when_it_begins_and_when_it_is_over(
    tmp_path: Path,
    code: Path,
    receiver: Receiver,  # noqa: F811
) -> None:
    with EngineroomServer(tmp_path) as engineroom:
        engineroom.data.mkdir()
        (engineroom.data / "settings.toml").write_text(
            f'[[alerts.webhooks]]\nurl = "{receiver.url}"\nsecret = "{SECRET}"\n'
            "[alerts.rules.process_missing]\nenabled = false\n"
        )
        engineroom.start()
        linked = engineroom.link(code, name="Dying")
        program = engineroom.api.create(linked.instance, type="custom", processes=1, command="false")

        def told() -> list[dict[str, Any]]:
            return [json.loads(body) for _, body in receiver.got]

        (firing,) = wait_until("it is told", told, timeout_seconds=60)
        listed = engineroom.api.get("/api/alerts")["data"]
        engineroom.api.update(program.id, command="sleep 600")
        wait_until("its end is told", lambda: len(told()) == 2, timeout_seconds=60)

    assert (firing["status"], firing["rule"], firing["background_process_id"]) == (
        "firing",
        "crash_loop",
        program.id,
    )
    assert [alert["message"] for alert in listed] == [firing["message"]]
    assert told()[1]["status"] == "resolved"
    for headers, body in receiver.got:
        at, _, signed = headers["engineroom-signature"].removeprefix("t=").partition(",v1=")
        assert signed == hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
