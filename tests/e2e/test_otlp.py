"""Metrics are sent to an OpenTelemetry collector, and a collector that is away troubles nobody."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.support.engineroom_server import EngineroomServer
from tests.support.http_receiver import serving
from tests.support.ports import free_port
from tests.support.waiting import wait_until


class Receiver:
    """What a collector receives, over OTLP's own protocol."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], ExportMetricsServiceRequest]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.path, headers, ExportMetricsServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def points(self, name: str) -> list[Any]:
        """Return the points of a metric that came last."""
        if not self.got:
            return []
        (resource,) = self.got[-1][2].resource_metrics
        (scope,) = resource.scope_metrics
        found = {metric.name: metric for metric in scope.metrics}
        metric = found[name]
        return list(metric.sum.data_points if metric.HasField("sum") else metric.gauge.data_points)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made.server):
        yield made


def test_a_collector_gets_the_figures_of_every_background_process(
    tmp_path: Path, receiver: Receiver, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop")
    with EngineroomServer(tmp_path, ENGINEROOM_OTLP_ENDPOINT=receiver.url) as engineroom:
        engineroom.start()
        linked = engineroom.link(code, name="Exported")
        made = engineroom.api.create(linked.instance, type="custom", processes=2, command="sleep 60")

        def running() -> Any:
            for point in receiver.points("engineroom_background_process_processes"):
                labels = {pair.key: pair.value.string_value for pair in point.attributes}
                if (labels["background_process"], labels["state"]) == (made.id, "running"):
                    return point.as_int or point.as_double
            return None

        assert wait_until("both are told of", lambda: running() == 2, timeout_seconds=60)

    path, headers, request = receiver.got[-1]
    attributes = {
        pair.key: pair.value.string_value for pair in request.resource_metrics[0].resource.attributes
    }
    assert (path, headers["x-tenant"], attributes["service.name"]) == ("/v1/metrics", "shop", "engineroom")
    (restarts,) = receiver.points("engineroom_background_process_restarts_total")
    assert restarts.start_time_unix_nano < restarts.time_unix_nano


def test_a_collector_that_is_away_is_told_of_once(tmp_path: Path) -> None:
    with EngineroomServer(tmp_path, ENGINEROOM_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}") as engineroom:
        engineroom.start()
        wait_until("it is told", lambda: "export.failed" in engineroom.output(), timeout_seconds=60)
        assert engineroom.stop() == 0

    assert engineroom.output().count("export.failed") == 1
    assert all(line.startswith(("{", "engineroom listens")) for line in engineroom.output().splitlines())
