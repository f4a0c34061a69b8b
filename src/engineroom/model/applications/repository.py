"""A repository of code: which one it is, and what of it is checked out in a folder."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

FULL_NAME = r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$"
"""What a full name looks like: `owner/name`, where some hosts have groups between the two (contract sheet, section 5)."""
MAX_FULL_NAME_LENGTH = 255
MAX_BRANCH_LENGTH = 255

_LIKE_SCP = re.compile(r"(?:[^/:]*@)?[^/:@]+:(?!//)(.+)", re.DOTALL)
_NETWORK_SCHEMES = ("https", "http", "ssh", "git", "git+ssh", "ssh+git")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Where a folder's code comes from; what of it is not known is None, as the branch is while none is checked out."""

    repository: str | None = None
    branch: str | None = None


def full_name(remote: str) -> str | None:
    """Return the `owner/name` in the address of a remote, without host and credentials; None where there is none.

    Takes URLs and what looks like scp's (git-clone(1), "GIT URLS"). A folder of this host names no owner.
    """
    path = _path(remote) if remote.isprintable() else None
    if path is None:
        return None
    name = unquote(path).strip("/").removesuffix(".git").rstrip("/")
    if len(name) > MAX_FULL_NAME_LENGTH or re.fullmatch(FULL_NAME, name) is None or "\n" in name:
        return None
    return None if {".", ".."} & set(name.split("/")) else name


def branch_name(text: str) -> str | None:
    """Return the name of a branch, as the contract takes one; None for what is none, or was no UTF-8."""
    return (
        text if 0 < len(text) <= MAX_BRANCH_LENGTH and text.isprintable() and "\ufffd" not in text else None
    )


def _path(remote: str) -> str | None:
    scp = _LIKE_SCP.fullmatch(remote)
    if scp is not None:
        return scp[1]
    try:
        url = urlsplit(remote)
    except ValueError:
        return None
    return url.path if url.scheme in _NETWORK_SCHEMES and url.netloc else None
