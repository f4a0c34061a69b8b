"""The query of a call: what was asked for, as far as the endpoint has it."""

from collections.abc import Mapping

from starlette.datastructures import QueryParams

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document import ignored
from engineroom.api.document.pagination import page_number


class CallQuery:
    """The query, of which a handler sees the relations, filters and parameters that are in its row."""

    def __init__(self, endpoint: Endpoint, given: QueryParams) -> None:
        self._endpoint = endpoint
        self._given = given

    @property
    def page(self) -> int:
        """The page of a list that was asked for."""
        return page_number(self._given.get("page"))

    @property
    def includes(self) -> list[str]:
        """The relations to include, of those that the endpoint has and in its order."""
        asked = self._given.get("include", "").split(",")
        return [name for name in self._endpoint.relations if name in asked]

    @property
    def filters(self) -> dict[str, str | None]:
        """The value of each filter that the endpoint has, None where it was not given."""
        # No text in the database has a NUL character, and PostgreSQL refuses to look for one.
        return {
            name: self._given.get(f"filter[{name}]", "").replace("\0", "\ufffd") or None
            for name in self._endpoint.filters
        }

    def flag(self, name: str) -> bool:
        """Return whether the query sets this flag."""
        return (self.value(name) or "").lower() in ("true", "1")

    def value(self, name: str) -> str | None:
        """Return a parameter, None where it was not given or is empty."""
        assert name in self._names(), f"undeclared: {name}"
        return self._given.get(name) or None

    def values(self, name: str) -> list[str]:
        """Return a parameter that may be given several times."""
        assert name in self._names(), f"undeclared: {name}"
        return self._given.getlist(name)

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters that the endpoint has and that were given."""
        return {name: given for name in self._names() if (given := self.value(name)) is not None}

    def _names(self) -> list[str]:
        return [parameter.name for parameter in self._endpoint.parameters]


def note_ignored(endpoint: Endpoint, given: QueryParams) -> None:
    """Note the parameters of the query, and the relations, that the endpoint does not know."""
    known = {"page", "include", *(f"filter[{name}]" for name in endpoint.filters)}
    known.update(parameter.name for parameter in endpoint.parameters)
    included = [name for name in given.get("include", "").split(",") if name]
    ignored.note(name for name in given if name not in known)
    ignored.note(f"include={name}" for name in included if name not in endpoint.relations)
