"""How the folder that an environment runs from is shown; tests/control/folders/test_inspection.py looks at real ones."""

from engineroom.model.applications.deployment import Commit
from engineroom.model.applications.folder import FolderInspection
from tests.support.api import Api


def path(api: Api) -> str:
    return f"/api/environments/{api.linked.environment}/folder"


def test_a_folder_is_shown_with_what_it_points_to(api: Api) -> None:
    api.control.seen = FolderInspection(
        directory="/srv/shop/current",
        resolved_path="/srv/shop/releases/7",
        user="shop",
        is_allowed=True,
        commit=Commit(hash="4f2a", message="Begin", author=None),
    )
    data = api.get(path(api)).json()["data"]
    assert (data["id"], data["type"]) == (api.linked.environment, "folders")
    assert data["attributes"] == {
        "directory": "/srv/shop/current",
        "resolved_path": "/srv/shop/releases/7",
        "user": "shop",
        "is_allowed": True,
        "commit": {"hash": "4f2a", "message": "Begin", "author": None},
        "reason": None,
    }


def test_one_that_cannot_be_seen_says_why(api: Api) -> None:
    api.control.seen = FolderInspection(directory="/srv/gone", reason="/srv/gone: No such file or directory")
    attributes = api.get(path(api)).json()["data"]["attributes"]
    assert (attributes["resolved_path"], attributes["commit"]) == (None, None)
    assert attributes["reason"] == "/srv/gone: No such file or directory"


def test_of_an_environment_that_is_not_there_no_folder_is_shown(api: Api) -> None:
    assert api.get("/api/environments/env-unknown/folder").status_code == 404
    assert api.get(path(api), headers={"authorization": "Bearer none"}).status_code == 401
