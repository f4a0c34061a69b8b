"""Branches in answers (contract sheet, sections 1.10 and 4.1): their ids are digits."""

import hashlib

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.shapes import ResourceType
from engineroom.model.ids import ApplicationId

_DIGEST_BYTES = 6


class BranchAttributes(Attributes):
    """What is shown of a branch."""

    name: str


TYPE = ResourceType("branches", BranchAttributes)


def show(application_id: ApplicationId, name: str) -> Resource:
    """Return the resource of a branch of an application; its id is made of the two, so that it stays the same."""
    digest = hashlib.sha256(f"{application_id}/{name}".encode()).digest()[:_DIGEST_BYTES]
    return Resource(str(int.from_bytes(digest)), TYPE.name, BranchAttributes(name))
