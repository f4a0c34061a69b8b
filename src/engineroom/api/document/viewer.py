"""Who looks at what is shown, and from where."""

from dataclasses import dataclass

from engineroom.model.ids import OrganizationId
from engineroom.model.token import Ability


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose token was shown, as far as it decides what is seen, and the address that links begin with."""

    organization_id: OrganizationId
    abilities: frozenset[Ability]
    base_url: str
