"""Contract sheet, section 5."""

from typing import Any

import pytest

from tests.support.api import Api

NEW = {"repository": "acme/blog", "name": "Blög & Co.", "region": "eu-central-1"}
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


def create(api: Api, **fields: Any) -> Any:
    return api.client.request("POST", "/api/applications", json=NEW | fields)


def test_an_application_comes_with_a_default_environment_and_its_app_instance(api: Api) -> None:
    answer = create(api)

    data = answer.json()["data"]
    assert answer.status_code == 201
    assert data["attributes"]["slug"] == "blog-co"
    assert data["attributes"]["repository"] == {"full_name": "acme/blog", "default_branch": "main"}
    assert data["attributes"]["avatar_url"] is None
    body = api.get(f"/api/applications/{data['id']}?include=environments,defaultEnvironment").json()
    [environment] = body["included"]
    assert body["data"]["relationships"]["defaultEnvironment"]["data"]["id"] == environment["id"]
    instances = api.get(f"/api/environments/{environment['id']}/instances").json()["data"]
    assert [item["attributes"]["type"] for item in instances] == ["app"]
    assert create(api).json()["data"]["attributes"]["slug"] == "blog-co-2"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "ab"}, "name"),
        ({"name": "Магазин"}, "name"),
        ({"name": "a*b*c"}, "name"),
        ({"region": "mars-1"}, "region"),
        ({"repository": "blog"}, "repository"),
        ({"repository": None}, "repository"),
        ({"source_control_provider_type": "svn"}, "source_control_provider_type"),
        ({"root_directory": "a" * 256}, "root_directory"),
    ],
)
def test_a_wrong_field_of_a_new_application_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    answer = create(api, **fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_an_application_is_changed(api: Api) -> None:
    path = f"/api/applications/{api.linked.application}"
    fields = {"name": "Shop 2", "slug": "the-shop", "slack_channel": "#ops", "repository": "acme/shop"}
    shown = api.client.request("PATCH", path, json=fields).json()["data"]["attributes"]

    assert (shown["name"], shown["slug"], shown["slack_channel"]) == ("Shop 2", "the-shop", "#ops")
    assert shown["repository"]["full_name"] == "acme/shop"
    cleared = api.client.request("PATCH", path, json={"slack_channel": None})
    assert cleared.json()["data"]["attributes"]["slack_channel"] is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a:b"}, "name"),
        ({"slug": "ab"}, "slug"),
        ({"default_environment_id": "env-of-another"}, "default_environment_id"),
    ],
)
def test_a_wrong_change_of_an_application_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    answer = api.client.request("PATCH", f"/api/applications/{api.linked.application}", json=fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_a_deleted_application_is_gone_with_all_that_is_in_it(api: Api) -> None:
    made = api.made()
    path = f"/api/applications/{api.linked.application}"

    answer = api.client.request("DELETE", path)

    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (
        path,
        f"/api/environments/{api.linked.environment}",
        f"/api/instances/{api.linked.instance}",
        f"/api/background-processes/{made}",
    ):
        assert api.get(gone).status_code == 404
    assert api.control.woken[-1] == made
    operation = api.get(f"/api/operations/{answer.headers['engineroom-operation']}").json()["data"]
    assert operation["attributes"]["status"] == "running"


def upload(api: Api, content: bytes, **options: Any) -> Any:
    path = f"/api/applications/{api.linked.application}/avatar"
    return api.client.request("POST", path, files={"avatar": ("picture.png", content)}, **options)


def test_a_picture_is_uploaded_served_and_removed(api: Api) -> None:
    answer = upload(api, PICTURE)
    assert answer.status_code == 200, answer.text
    address = answer.json()["data"]["attributes"]["avatar_url"]

    served = api.get(address)
    assert (served.content, served.headers["content-type"]) == (PICTURE, "image/png")
    assert served.headers["x-content-type-options"] == "nosniff"
    path = f"/api/applications/{api.linked.application}"
    assert api.client.request("DELETE", f"{path}/avatar").status_code == 204
    assert api.get(path).json()["data"]["attributes"]["avatar_url"] is None
    assert api.get(address).status_code == 404


def test_a_picture_is_found_in_the_body_whatever_the_header_says(api: Api) -> None:
    """Open question Q22."""
    assert upload(api, PICTURE, headers={"content-type": "application/vnd.api+json"}).status_code == 200


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", b"", PICTURE + bytes(3072 * 1024)])
def test_what_is_no_picture_or_too_large_a_one_is_refused(api: Api, content: bytes) -> None:
    answer = upload(api, content)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["avatar"])


def test_a_picture_that_is_missing_is_named(api: Api) -> None:
    path = f"/api/applications/{api.linked.application}/avatar"
    answer = api.client.request("POST", path, files={"other": b"x"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["avatar"])
