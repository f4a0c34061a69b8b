"""What a request to sign in may say."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engineroom.api.document.fields import Text, integer


class BeginSignIn(BaseModel):
    """The port that the client listens on, on 127.0.0.1."""

    model_config = ConfigDict(frozen=True)

    port: Annotated[int, Field(ge=1024, le=65535), BeforeValidator(integer)]


class ExchangeCode(BaseModel):
    """The code that the browser brought to the client."""

    model_config = ConfigDict(frozen=True)

    exchange_code: Text
