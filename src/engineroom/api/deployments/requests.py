"""What a request for a deployment may say (contract sheet, section 4.6)."""

from pydantic import BaseModel, ConfigDict

from engineroom.api.document.fields import Boolean


class StartEnvironment(BaseModel):
    """`redeploy` asks for the commit of the latest deployment; code in place is what is in its folder."""

    model_config = ConfigDict(frozen=True)

    redeploy: Boolean | None = None
