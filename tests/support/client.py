"""A client of the HTTP API, as small as the stories need it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support import proc
from tests.support.conformance import check
from tests.support.waiting import patient, wait_until

OPERATION_HEADER = "Engineroom-Operation"


@dataclass(frozen=True)
class ListedProcess:
    """One process as `GET …/processes` lists it. `reason` says why its last life ended."""

    replica: int
    index: int
    pid: int | None
    state: str
    started_at: str | None
    restarts: int
    deadline_at: str | None
    last_exit: Mapping[str, Any] | None

    @property
    def reason(self) -> str:
        return str(self.last_exit["reason"]) if self.last_exit else ""


@dataclass(frozen=True)
class Operation:
    """One operation as `GET /api/operations/{id}` shows it."""

    id: str
    action: str
    status: str
    attributes: Mapping[str, Any]


class Api:
    """The API at one address, with one token. Close it when done."""

    def __init__(self, address: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=patient(30),
            trust_env=False,
            event_hooks={"response": [_check]},
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str) -> Any:
        """Return the decoded body of an answer with status 200."""
        answer = self._client.get(path)
        assert answer.status_code == 200, f"GET {path} answered {answer.status_code}: {answer.text}"
        return answer.json()

    def text(self, path: str) -> str:
        """Return the body of an answer with status 200 as it is."""
        answer = self._client.get(path)
        assert answer.status_code == 200, f"GET {path} answered {answer.status_code}: {answer.text}"
        return answer.text

    def post(self, path: str, *, status: int = 201, **fields: object) -> Any:
        """Return the decoded body of the answer to a POST."""
        answer = self._client.post(path, json=fields)
        assert answer.status_code == status, f"POST {path} answered {answer.status_code}: {answer.text}"
        return answer.json()

    def patch(self, path: str, **fields: object) -> Any:
        """Return the decoded body of the answer to a PATCH."""
        answer = self._client.patch(path, json=fields)
        assert answer.status_code == 200, f"PATCH {path} answered {answer.status_code}: {answer.text}"
        return answer.json()

    def create(self, instance: str, **fields: object) -> "BackgroundProcess":
        """Create a background process and return it."""
        path = f"/api/instances/{instance}/background-processes"
        answer = self._client.post(path, json=fields)
        assert answer.status_code == 201, f"POST {path} answered {answer.status_code}: {answer.text}"
        return BackgroundProcess(self, answer.json()["data"]["id"], answer.headers[OPERATION_HEADER])

    def update(self, background_process: str, **fields: object) -> str:
        """Change a background process and return the id of the operation."""
        path = f"/api/background-processes/{background_process}"
        answer = self._client.patch(path, json=fields)
        assert answer.status_code == 200, f"PATCH {path} answered {answer.status_code}: {answer.text}"
        return answer.headers[OPERATION_HEADER]

    def delete(self, background_process: str, *, force: bool = False) -> str:
        """Delete a background process and return the id of the operation."""
        path = f"/api/background-processes/{background_process}"
        answer = self._client.delete(path, params={"force": "true"} if force else {})
        assert answer.status_code == 204, f"DELETE {path} answered {answer.status_code}: {answer.text}"
        return answer.headers[OPERATION_HEADER]

    def restart(self, path: str) -> list[str]:
        """Restart what is at `path`, and return the ids of the operations."""
        answer = self._client.post(f"{path}/restart")
        assert answer.status_code == 202, f"POST {path}/restart answered {answer.status_code}: {answer.text}"
        data = answer.json()["data"]
        return [operation["id"] for operation in (data if isinstance(data, list) else [data])]

    def scale(self, background_process: str, **fields: object) -> None:
        """Change how a background process is scaled."""
        path = f"/api/background-processes/{background_process}/scaling"
        answer = self._client.patch(path, json=fields)
        assert answer.status_code == 200, f"PATCH {path} answered {answer.status_code}: {answer.text}"

    def put(self, path: str, **fields: object) -> Any:
        """Return the decoded body of the answer to a PUT."""
        answer = self._client.put(path, json=fields)
        assert answer.status_code == 200, f"PUT {path} answered {answer.status_code}: {answer.text}"
        return answer.json()

    def ask(self, method: str, path: str, **fields: object) -> httpx.Response:
        """Return the answer to a request, whatever it is."""
        return self._client.request(method, path, json=fields)

    def status(self, method: str, path: str) -> int:
        """Return the status of the answer to a request without a body."""
        return self._client.request(method, path).status_code

    def operation(self, operation: str) -> Operation:
        """Read an operation as it is right now."""
        attributes = self.get(f"/api/operations/{operation}")["data"]["attributes"]
        return Operation(operation, attributes["action"], attributes["status"], attributes)


class BackgroundProcess:
    """A background process that a test has created, and what can be asked of it."""

    def __init__(self, api: Api, identifier: str, operation: str) -> None:
        self._api = api
        self.id = identifier
        self.created_by = operation

    def through(self, api: Api) -> "BackgroundProcess":
        """Return the same background process, asked for through another client."""
        return BackgroundProcess(api, self.id, self.created_by)

    def update(self, **fields: object) -> str:
        return self._api.update(self.id, **fields)

    def delete(self, *, force: bool = False) -> str:
        return self._api.delete(self.id, force=force)

    def restart(self) -> str:
        """Restart it and return the id of the operation."""
        [operation] = self._api.restart(f"/api/background-processes/{self.id}")
        return operation

    def events(self) -> list[str]:
        """Return what happened, each as a sentence."""
        listed = self._api.get(f"/api/background-processes/{self.id}/events")["data"]
        return [event["attributes"]["message"] for event in listed]

    def processes(self) -> list[ListedProcess]:
        listed = self._api.get(f"/api/background-processes/{self.id}/processes")["data"]
        return [_listed_process(item["attributes"]) for item in listed]

    def running_pids(self) -> set[int]:
        """Return the pids of what is listed as running and, as the kernel says, is alive."""
        listed = (process.pid for process in self.processes() if process.state == "running")
        return {pid for pid in listed if pid is not None and proc.is_alive(pid)}

    def wait_until_running(self, count: int) -> set[int]:
        """Wait until exactly `count` processes are listed, all of them running; return their pids."""

        def look() -> set[int]:
            pids = self.running_pids()
            return pids if len(pids) == count == len(self.processes()) else set()

        try:
            return wait_until(f"{count} processes of {self.id} run, and no others are there", look)
        except AssertionError as error:
            error.add_note(f"These are there: {self.processes()}. This has happened: {self.events()}")
            raise

    def wait_for(self, what: str, holds: Callable[[list[ListedProcess]], bool]) -> list[ListedProcess]:
        """Wait until `holds` is true of the listed processes, and return them."""

        def look() -> list[ListedProcess]:
            listed = self.processes()
            return listed if holds(listed) else []

        return wait_until(what, look)


def _check(answer: httpx.Response) -> None:
    answer.read()
    check(answer)


def _listed_process(attributes: Mapping[str, Any]) -> ListedProcess:
    return ListedProcess(
        replica=attributes["replica"],
        index=attributes["index"],
        pid=attributes["pid"],
        state=attributes["state"],
        started_at=attributes["started_at"],
        restarts=attributes["restarts"],
        deadline_at=attributes["deadline_at"],
        last_exit=attributes["last_exit"],
    )
