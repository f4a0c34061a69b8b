"""What a request for a token may say."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engineroom.api.document.fields import NamingChoices, Text
from engineroom.control.changes.tokens import NewToken
from engineroom.model.ids import ApplicationId
from engineroom.model.token import Ability


def _to_come(value: datetime) -> datetime:
    if value <= datetime.now(UTC):
        raise PydanticCustomError("after_now", "in the past")
    return value


_Ability = Annotated[Ability, NamingChoices]


class CreateToken(BaseModel):
    """A new token. Without abilities it may read and write; without applications it may do so in all of them."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[Text, Field(max_length=100)]
    abilities: Annotated[frozenset[Annotated[Ability, NamingChoices]], Field(min_length=1)] = frozenset(
        {Ability.READ, Ability.WRITE}
    )
    expires_at: Annotated[AwareDatetime, AfterValidator(_to_come)] | None = None
    applications: Annotated[frozenset[Annotated[str, Field(max_length=64)]], Field(min_length=1)] | None = (
        None
    )

    def made(self) -> NewToken:
        """Return what the token is to be."""
        limited = self.applications
        return NewToken(
            name=self.name,
            abilities=self.abilities,
            expires_at=self.expires_at,
            applications=None if limited is None else frozenset(map(ApplicationId, limited)),
        )
