import pytest

from engineroom.api.http.router import Router

ROUTER = Router(
    {
        "/api/instances/sizes": "sizes",
        "/api/instances/{instance}": "instance",
        "/api/instances/{instance}/jobs/{job}": "job",
        "/healthz": "health",
    }
)


@pytest.mark.parametrize(
    ("path", "found", "parameters"),
    [
        ("/healthz", "health", {}),
        ("/healthz/", "health", {}),
        ("/api/instances/sizes", "sizes", {}),
        ("/api/instances/inst-1", "instance", {"instance": "inst-1"}),
        ("/api/instances/inst-1/", "instance", {"instance": "inst-1"}),
        ("/api/instances/inst-1/jobs/7", "job", {"instance": "inst-1", "job": "7"}),
    ],
)
def test_an_address_is_found_with_its_parameters(path: str, found: str, parameters: dict[str, str]) -> None:
    assert ROUTER.find(path) == (found, parameters)


@pytest.mark.parametrize(
    "path", ["", "/", "/api", "/api/instances", "/api/instances/i/jobs", "/api/instances/i/jobs/7/8", "/x"]
)
def test_anything_else_is_nowhere(path: str) -> None:
    assert ROUTER.find(path) is None
