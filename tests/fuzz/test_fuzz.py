"""Requests made up from the OpenAPI document: no fault of ours, and no answer that the document does not describe.

`make test` runs a short one with a fixed seed, `make fuzz` a long one with a new seed each time.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.names import ADDRESS, TOKEN
from tests.support.databases import PostgresqlServer
from tests.support.engineroom_server import EngineroomServer

SEED = int(os.environ.get("ENGINEROOM_FUZZ_SEED", "20261125"))
SECONDS = int(os.environ.get("ENGINEROOM_FUZZ_SECONDS", "0"))
EXAMPLES = 8
"""Of a short run, for each endpoint and each way of making them up."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
"""Not those that expect every wrong value to be refused: the contract takes numbers as text, and ignores unknown fields."""

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    shared: PostgresqlServer = request.getfixturevalue("postgresql_server")
    return {"ENGINEROOM_DATABASE": shared.emptied()}


@pytest.mark.long
def test_made_up_requests_are_answered_as_the_document_says(
    settings: dict[str, str], tmp_path: Path, code: Path
) -> None:
    # A command that is made up must find no program, should it happen to name one.
    settings["PATH"] = str(tmp_path / "nowhere")
    with EngineroomServer(tmp_path, **settings) as server:
        server.start()
        server.link(code)
        (code / "other").mkdir()
        server.api.create(
            server.link(code / "other", name="other").instance, type="custom", command="none", processes=1
        )

        ran = run(server)

        faults = re.findall(r'^.*"action": "request.failed".*$', server.output(), re.MULTILINE)
    assert faults == []
    assert ran.returncode == 0, ran.stdout + ran.stderr


def run(server: EngineroomServer) -> "subprocess.CompletedProcess[str]":
    """Run Schemathesis on the server."""
    extent = ["--max-time", str(SECONDS)] if SECONDS else ["--max-examples", str(EXAMPLES), "--no-shrink"]
    words = [
        str(Path(sys.executable).with_name("schemathesis")),
        *["run", f"{server.address}/api/openapi.json", "--header", f"Authorization: Bearer {server.token}"],
        *["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", *extent],
        *["--seed", str(SEED), "--generation-database", "none", "--suppress-health-check", "all"],
        *["--warnings", "off", "--no-color", "--continue-on-failure", "--output-truncate", "false"],
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
        "PYTHONPATH": str(ROOT),
        ADDRESS: server.address,
        TOKEN: server.token,
    }
    return subprocess.run(
        words,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS * 2 + 300,
    )
