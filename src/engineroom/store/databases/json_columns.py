"""How values stand in JSON columns."""

from typing import Any

import msgspec

JSON: dict[str, Any] = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}
"""What an engine is created with."""
