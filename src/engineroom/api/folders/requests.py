"""How a request names a folder."""

from typing import Annotated

from pydantic import AfterValidator

from engineroom.api.document.fields import Text, prohibited


def _path(value: str) -> str:
    """Return the path as given: a link such as `current` means each time what it points to then."""
    if not value.startswith("/") or ".." in value.split("/") or "\0" in value or not value.isprintable():
        raise prohibited("must be the absolute path of a folder, without .. in it")
    return "/" + "/".join(name for name in value.split("/") if name not in {"", "."})


Directory = Annotated[Text, AfterValidator(_path)]
