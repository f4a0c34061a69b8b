"""What is behind the fields, on a real server: contract sheet, sections 4 to 7."""

from pathlib import Path
from typing import Any

from tests.support import proc
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until


def test_a_command_goes_on_while_the_server_is_killed_and_started_again(
    engineroom: EngineroomServer, code: Path
) -> None:
    """Section 7."""
    linked = engineroom.link(code, GREETING="hello")
    path = f"/api/environments/{linked.environment}/commands"
    text = "pwd; echo $GREETING; while [ ! -e go ]; do sleep 0.02; done; exit 3"
    made = engineroom.api.post(path, command=text)["data"]["id"]

    def status(*wanted: str) -> Any:
        shown = engineroom.api.get(f"/api/commands/{made}")["data"]["attributes"]
        return shown if shown["status"] in wanted else None

    wait_until("it runs", lambda: status("command.running"))
    engineroom.kill()
    (code / "go").touch()
    engineroom.start()

    done = wait_until("it is over", lambda: status("command.success", "command.failure"))
    assert done["output"] == f"{code}\nhello\n"
    assert (done["status"], done["exit_code"]) == ("command.failure", 1)
    assert done["failure_reason"] == "The command exited with code 3."


def test_changed_variables_replace_the_processes_with_new_ones_that_have_them(
    engineroom: EngineroomServer, code: Path
) -> None:
    """Section 4.5."""
    linked = engineroom.link(code)
    made = engineroom.api.create(linked.instance, type="custom", processes=2, command="sleep 60")
    before = made.wait_until_running(2)
    new = [{"key": "COLOR", "value": "dark blue"}]
    path = f"/api/environments/{linked.environment}/variables"
    engineroom.api.post(path, status=200, method="set", variables=new)

    wait_until("all are new", lambda: len(made.running_pids()) == 2 and not before & made.running_pids())
    for pid in made.running_pids():
        assert pid in proc.with_variable("COLOR", "dark blue")


def test_stopping_and_deleting_an_environment_leave_nothing_running(
    engineroom: EngineroomServer, code: Path
) -> None:
    """Sections 4.1 and 4.6."""
    linked = engineroom.link(code)
    made = engineroom.api.create(linked.instance, type="custom", processes=2, command="sleep 60")
    made.wait_until_running(2)
    path = f"/api/environments/{linked.environment}"

    engineroom.api.post(f"{path}/stop", status=200)
    wait_until("nothing runs", lambda: not made.processes() and not engineroom.user_pids())
    engineroom.api.post(f"{path}/start")
    made.wait_until_running(2)
    assert engineroom.api.status("DELETE", path) == 204
    wait_until("nothing runs any more", lambda: not engineroom.user_pids())


def test_an_application_of_the_api_runs_once_its_environment_has_a_folder(
    engineroom: EngineroomServer, code: Path
) -> None:
    """Section 5, and our own field."""
    application = engineroom.api.post(
        "/api/applications", repository="acme/blog", name="Blog", region="eu-west-1"
    )["data"]["id"]
    path = f"/api/applications/{application}/environments?include=instances"
    [environment] = engineroom.api.get(path)["data"]
    instance = environment["relationships"]["instances"]["data"][0]["id"]
    made = engineroom.api.create(instance, type="custom", processes=1, command="sleep 60")
    assert made.processes() == []

    engineroom.run("folder", "allow", str(code))
    engineroom.api.patch(f"/api/environments/{environment['id']}", directory=str(code))

    [pid] = made.wait_until_running(1)
    assert Path(f"/proc/{pid}/cwd").resolve() == code.resolve()
