"""Allowing a keeper of a test's own to run things, as whoever administers a host does."""

import os
from pathlib import Path

from engineroom.model.ids import OrganizationId
from engineroom.runtime.local.folders import AllowedFolders, allowed_folder

ORGANIZATION = OrganizationId("org-1")


def allow(keeper: Path, folder: Path | str = "/", *users: str) -> None:
    """Allow the folder and what is in it to these users, or to whoever runs the tests."""
    allowed = AllowedFolders(keeper)
    for user in users or (str(os.geteuid()),):
        allowed.add([allowed_folder(str(folder), ORGANIZATION, user=user, owners=[str(os.geteuid())])])
