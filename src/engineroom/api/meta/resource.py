"""Organizations in answers (contract sheet, section 5)."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.applications.application import Organization


class OrganizationAttributes(Attributes):
    """What is shown of an organization."""

    name: str
    slug: str


TYPE = ResourceType("organizations", OrganizationAttributes)


def show(_viewer: Viewer, organization: Organization) -> Resource:
    """Return the resource of an organization."""
    return Resource(organization.id, TYPE.name, OrganizationAttributes(organization.name, organization.slug))
