"""The API in this process: a real store, a control plane that runs nothing, and a client."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from starlette.types import ASGIApp

from engineroom.api import application
from engineroom.control.changes.tokens import create_token
from engineroom.control.folders.links import Linked, link
from engineroom.control.observing.alert_evaluation import AlertEvaluation
from engineroom.control.observing.alert_values import AlertValues
from engineroom.control.observing.metrics import metrics_of
from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.control.scaling.state import ScalingState
from engineroom.model.applications.deployment import Commit
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.folder import FolderGrant, FolderInspection
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, InstanceId, OrganizationId, new_token_id
from engineroom.model.instances.capacity import UNKNOWN, Capacity
from engineroom.model.instances.replica import Replica
from engineroom.model.operation import Progress
from engineroom.model.processes.process import Process
from engineroom.model.token import Ability, Token, new_secret, secret_hash
from engineroom.store import Store
from engineroom.store.queries.access import tokens
from engineroom.telemetry import Telemetry
from engineroom.telemetry.alerts.config import AlertSettings
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.retention import Retention
from engineroom.telemetry.metrics import MetricStore
from engineroom.telemetry.prometheus import Metric
from tests.support.conformance import check


@dataclass
class LateTelemetry:
    """What is kept of what is seen, in a folder, opened when it is first asked for: most tests never do."""

    folder: Path
    alerts: AlertSettings = field(default_factory=AlertSettings)
    _opened: Telemetry | None = None

    @property
    def logs(self) -> LogStore:
        return self._open().logs

    @property
    def metrics(self) -> MetricStore:
        return self._open().metrics

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _open(self) -> Telemetry:
        if self._opened is None:
            self._opened = Telemetry.open(self.folder, Retention(days=36500), self.alerts)
        return self._opened


@dataclass
class MemoryControl:
    """A control plane that runs nothing: tests say what it knows, and see what it was woken for."""

    store: Store
    telemetry: LateTelemetry
    woken: list[BackgroundProcessId] = field(default_factory=list)
    observed: list[ObservedBackgroundProcess] = field(default_factory=list)
    live: dict[str, Sequence[Process]] = field(default_factory=dict)
    known: dict[str, Progress] = field(default_factory=dict)
    scaled: dict[str, ScalingState] = field(default_factory=dict)
    seen: FolderInspection | None = None
    away: str | None = None
    replicas_there: list[Replica] = field(default_factory=list)
    host: Capacity = UNKNOWN
    allowed: list[FolderGrant] = field(default_factory=lambda: [FolderGrant(path="/", user=None)])

    def __post_init__(self) -> None:
        self.noted: list[Event] = []
        folder = self.telemetry.folder
        values = AlertValues(folder, reachable=lambda: True)
        self.alerts = AlertEvaluation(self.telemetry.alerts, folder, values, self.noted.append)

    @property
    def logs(self) -> LogStore:
        return self.telemetry.logs

    @property
    def metrics(self) -> MetricStore:
        return self.telemetry.metrics

    def current_metrics(self, instances: Collection[InstanceId], /) -> Sequence[Metric]:
        return metrics_of(
            [each for each in self.observed if each.instance in instances], firing=0, followers=0
        )

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        self.woken += ids

    async def folder(self, environment: Environment, organization: OrganizationId, /) -> FolderInspection:  # noqa: ARG002
        return self.seen or FolderInspection(directory=environment.directory)

    def folders(self, organization: OrganizationId, /) -> Sequence[FolderGrant]:  # noqa: ARG002
        return self.allowed

    def begin(self) -> None:
        """Nothing is deployed or run here."""

    async def commit_in(self, _environment: Environment, /) -> Commit:
        return Commit()

    @property
    def absence(self) -> str | None:
        return self.away

    def capacity(self) -> Capacity:
        return self.host

    def processes(self, background_process: BackgroundProcessId, /) -> Sequence[Process]:
        return self.live.get(background_process, [])

    def replicas(self, instance: InstanceId, /) -> Sequence[Replica]:
        return [each for each in self.replicas_there if each.instance == instance]

    def progress(self, background_process: BackgroundProcessId, /) -> Progress | None:
        return self.known.get(background_process)

    def scaling(self, background_process: BackgroundProcessId, /) -> ScalingState | None:
        return self.scaled.get(background_process)


class Client:
    """An HTTP client of the application, without a network; every call waits for its answer."""

    def __init__(self, application: ASGIApp, token: str) -> None:
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(application, raise_app_exceptions=False),
            base_url="http://testserver",
            headers={"authorization": f"Bearer {token}"},
        )
        self.headers = self._client.headers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the answer to one request, which must be what the OpenAPI document says."""
        answer = self._runner.run(self._client.request(method, path, **options))
        check(answer)
        return answer


@dataclass
class Api:
    """The API with a token and a linked application."""

    client: Client
    control: MemoryControl
    linked: Linked

    @property
    def collection(self) -> str:
        return f"/api/instances/{self.linked.instance}/background-processes"

    def get(self, path: str, **options: Any) -> Any:
        return self.client.request("GET", path, **options)

    def post(self, fields: Any) -> Any:
        return self.client.request("POST", self.collection, json=fields)

    def patch(self, background_process: str, fields: Any) -> Any:
        return self.client.request("PATCH", f"/api/background-processes/{background_process}", json=fields)

    def delete(self, background_process: str) -> Any:
        return self.client.request("DELETE", f"/api/background-processes/{background_process}")

    def made(self, **fields: Any) -> str:
        """Make a background process and return its id."""
        answer = self.post({"type": "custom", "processes": 2, "command": "sleep 60"} | fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    def shown(self, background_process: str) -> dict[str, Any]:
        """Return the attributes of a background process."""
        answer = self.get(f"/api/background-processes/{background_process}")
        assert answer.status_code == 200, answer.text
        attributes: dict[str, Any] = answer.json()["data"]["attributes"]
        return attributes


@contextmanager
def an_api(store: Store, folder: Path, *, calls_per_minute: int = 0) -> Iterator[Api]:
    """Give the API of a store with a token, an application that is linked to the folder, and telemetry in it."""
    linked = asyncio.run(link(store, folder, "Shop", {"QUEUE": "redis"}))
    token = asyncio.run(create_token(store, "test"))
    telemetry = LateTelemetry(folder / "telemetry")
    telemetry.folder.mkdir()
    control = MemoryControl(store, telemetry)
    try:
        with Client(application(control, calls_per_minute=calls_per_minute), token) as client:
            yield Api(client, control, linked)
    finally:
        telemetry.close()


def as_token(api: Api, organization: OrganizationId, abilities: frozenset[Ability]) -> dict[str, str]:
    """Return the header of a new token."""
    secret = new_secret()
    token = Token(
        id=new_token_id(),
        organization_id=organization,
        name="other",
        abilities=abilities,
        created_at=datetime.now(UTC),
    )
    asyncio.run(
        api.control.store.write(lambda connection: tokens.add(connection, token, secret_hash(secret)))
    )
    return {"authorization": f"Bearer {secret}"}
