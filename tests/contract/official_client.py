"""The official command line client, as far as appendix A of the contract sheet tells: its calls, and what it crashes on."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.waiting import patient

Resource = Mapping[str, Any]

MEDIA_TYPE = "application/vnd.api+json"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
APPLICATION_INCLUDES = "organization,environments,defaultEnvironment"
ENVIRONMENT_INCLUDES = "application,branch,deployments,currentDeployment,primaryDomain,instances"
COMMAND_INCLUDES = "environment,deployment,initiator"
ENVIRONMENT_STATUSES = {"deploying", "running", "hibernating", "stopped"}
DEPLOYMENT_STATUSES = {
    *(
        "pending cancelled failed build.pending build.created build.queued build.running build.succeeded"
    ).split(),
    *("build.failed deployment.pending deployment.created deployment.queued deployment.running").split(),
    *("deployment.succeeded deployment.failed").split(),
}
DEPLOYMENT_ENDS = {"deployment.succeeded", "deployment.failed", "build.failed", "cancelled"}
COMMAND_STATUSES = {"pending", "command.created", "command.running", "command.failure", "command.success"}
LOG_LEVELS = {"info", "warning", "error", "debug"}
LOG_TYPES = {"access", "application", "exception", "system"}
SIZE_KEYS = "name label description cpu_type compute_class cpu_count memory_mib".split()


class RefusedError(Exception):
    """A status of 400 or more, with what the client shows."""

    def __init__(self, answer: httpx.Response) -> None:
        body = answer.json()
        shown = [f"{field}: {' '.join(texts)}" for field, texts in (body.get("errors") or {}).items()]
        super().__init__("\n".join(shown) or body["message"])
        self.status = answer.status_code


class OfficialClient:
    """Every call carries the client's media type; every answer is decoded as it decodes it."""

    def __init__(self, address: str, token: str) -> None:
        self.calls: list[str] = []
        self._http = httpx.Client(
            base_url=f"{address}/api",
            headers={
                "authorization": f"Bearer {token}",
                "accept": MEDIA_TYPE,
                "content-type": MEDIA_TYPE,
                "x-cloud-cli-version": "0.1.15",
            },
            timeout=patient(30),
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        self.calls.append(f"{method} {path}")
        answer = self._http.request(method, path, **options)
        if answer.status_code >= 400:
            raise RefusedError(answer)
        return answer

    def one(self, path: str, decode: Callable[[Any], Resource]) -> Resource:
        return decode(self.call("GET", path).json())

    def many(self, path: str, decode: Callable[[Any], Resource], include: str = "") -> list[Resource]:
        found: list[Resource] = []
        page = 1
        while True:
            query = f"include={include}&page={page}" if include else f"page={page}"
            body = self.call("GET", f"{path}?{query}").json()
            assert isinstance(body["data"], list)
            found += [decode({"data": item, "included": body.get("included", [])}) for item in body["data"]]
            if body["links"].get("next") is None:
                return found
            page += 1

    # How things are looked up

    def application(self, given: str) -> Resource:
        """R-app: an id is asked for; whatever goes wrong, the list is gone through."""
        if given.startswith("app-"):
            try:
                return self.one(f"/applications/{given}?include={APPLICATION_INCLUDES}", application)
            except RefusedError:
                pass
        listed = self.many("/applications", application, APPLICATION_INCLUDES)
        return next(each for each in listed if given in (each["id"], each["attributes"]["name"]))

    def environment(self, application_: str, given: str) -> Resource:
        """R-env: an id is asked for; a name is looked for among the application's."""
        if not given.startswith("env-"):
            found = self.application(application_)
            given = next(each["id"] for each in found["environments"] if each["attributes"]["name"] == given)
        return self.one(f"/environments/{given}?include={ENVIRONMENT_INCLUDES}", environment)

    def environment_of_branch(self, application_: str, branch: str) -> Resource:
        """R-env without an argument: the environment of the branch that is checked out."""
        of = self.application(application_)
        listed = self.many(f"/applications/{of['id']}/environments", environment, ENVIRONMENT_INCLUDES)
        return next(each for each in listed if each["branch"] == branch)

    def instance(self, given: str, application_: str = "", environment_: str = "") -> Resource:
        """R-inst."""
        if given.startswith("inst-"):
            return self.one(f"/instances/{given}?include=environment", instance)
        of = self.environment(application_, environment_)
        [only] = self.many(f"/environments/{of['id']}/instances", instance, "environment")
        return only

    def background_process(self, given: str) -> Resource:
        """R-bp."""
        return self.one(f"/background-processes/{given}", background_process)


# How answers are decoded: each function fails where the client crashes.


def background_process(body: Any) -> Resource:
    data, attributes = _data(body)
    assert isinstance(attributes["processes"], int)
    assert isinstance(attributes["command"], str)
    config = attributes["config"]
    assert config == [] or isinstance(config, dict)
    if config:
        _integers(config, "timeout", "sleep", "tries", "backoff", "rest")
    _timestamps(attributes, "created_at")
    return data


def instance(body: Any) -> Resource:
    data, attributes = _data(body)
    for name in ("name", "type", "size", "scaling_type"):
        assert isinstance(attributes[name], str)
    for name in ("min_replicas", "max_replicas"):
        assert isinstance(attributes[name], int)
    assert isinstance(attributes["uses_scheduler"], bool)
    _timestamps(attributes, "created_at")
    return {**data, "environment": _first(body, "environment", "environments", environment)}


def environment(body: Any) -> Resource:
    data, attributes = _data(body)
    assert isinstance(attributes["name"], str)
    assert attributes["status"] in ENVIRONMENT_STATUSES
    assert isinstance(attributes["vanity_domain"], str)
    for variable in attributes.get("environment_variables", []):
        assert list(variable) == ["key", "value"]
    _timestamps(attributes, "created_at")
    branch = _named(body, "branch")
    return {
        **data,
        "application": _first(body, "application", "applications", application),
        "branch": branch and branch["attributes"]["name"],
        "instances": _each(body, "instances", instance),
        "deployments": _each(body, "deployments", deployment),
    }


def application(body: Any) -> Resource:
    data, attributes = _data(body)
    for name in ("name", "slug", "region"):
        assert isinstance(attributes[name], str)
    assert attributes["repository"] is None or attributes["repository"]["full_name"]
    _timestamps(attributes, "created_at")
    return {
        **data,
        "environments": _each(body, "environments", environment),
        "organization": _first(body, "organization", "organizations", organization),
    }


def organization(body: Any) -> Resource:
    data, attributes = _data(body)
    assert attributes["name"]
    assert attributes["slug"]
    return data


def deployment(body: Any) -> Resource:
    data, attributes = _data(body)
    assert attributes["status"] in DEPLOYMENT_STATUSES
    _timestamps(attributes, "started_at", "finished_at")
    return {**data, "environment": _first(body, "environment", "environments", environment)}


def command(body: Any) -> Resource:
    data, attributes = _data(body)
    assert attributes["status"] in COMMAND_STATUSES
    assert attributes["exit_code"] in (0, 1, None)
    _timestamps(attributes, "started_at", "finished_at", "created_at")
    return {**data, "environment": _first(body, "environment", "environments", environment)}


def sizes(body: Any) -> list[Resource]:
    found = [entry for group in body["data"].values() for entry in group]
    for entry in found:
        assert [key for key in SIZE_KEYS if key not in entry] == []
        _integers(entry, "cpu_count", "memory_mib")
    return found


def log_entries(body: Any) -> Sequence[Resource]:
    for entry in body["data"]:
        assert entry["level"] in LOG_LEVELS
        assert entry["type"] in LOG_TYPES
        datetime.fromisoformat(entry["logged_at"])
    found: Sequence[Resource] = body["data"]
    return found


def moments_of_the_last_hour() -> dict[str, str]:
    """Return from and to as the client writes them: a blank for the T, and no zone."""
    now = datetime.now(UTC)
    return {
        "from": f"{now - timedelta(hours=1):%Y-%m-%d %H:%M:%S}",
        "to": f"{now + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}",
    }


def _data(body: Any) -> tuple[dict[str, Any], Mapping[str, Any]]:
    data = dict(body["data"])
    assert data["id"]
    for included in body.get("included", []):
        # The client follows relationships of what is included, and would go round in circles.
        assert "relationships" not in included
    return data, data["attributes"]


def _timestamps(attributes: Mapping[str, Any], *names: str) -> None:
    for name in names:
        assert attributes[name] is None or TIMESTAMP.fullmatch(attributes[name]), attributes[name]


def _integers(of: Mapping[str, Any], *names: str) -> None:
    for name in names:
        assert of[name] is None or (isinstance(of[name], int) and not isinstance(of[name], bool))


def _related(body: Any, name: str) -> Any:
    return body["data"].get("relationships", {}).get(name, {}).get("data")


def _first(body: Any, name: str, kind: str, decode: Callable[[Any], Any]) -> Any:
    """Return the first included resource of a type when the relation is set: a missing one is a crash."""
    if _related(body, name) is None:
        return None
    found = next(each for each in body["included"] if each["type"] == kind)
    return decode({"data": found})


def _named(body: Any, name: str) -> Any:
    """Return the included resource that a relation to one names: a missing one is a crash."""
    related = _related(body, name)
    return related and next(each for each in body["included"] if each["id"] == related["id"])


def _each(body: Any, name: str, decode: Callable[[Any], Any]) -> list[Any]:
    """Return what a relation names, each from what is included: a missing one is a crash."""
    included = {(each["type"], each["id"]): each for each in body.get("included", [])}
    return [decode({"data": included[each["type"], each["id"]]}) for each in _related(body, name) or []]
