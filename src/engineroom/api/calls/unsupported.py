"""What Laravel Cloud's API has and this one does not: who asks for it is told so, and does not look for a wrong id."""

_GROUPS = {
    "databases": "databases",
    "database-clusters": "database clusters",
    "database-snapshots": "database snapshots",
    "database-restores": "database restores",
    "caches": "caches",
    "buckets": "object storage",
    "object-storage-buckets": "object storage",
    "bucket-keys": "object storage",
    "filesystems": "object storage",
    "websocket-clusters": "websocket servers",
    "websocket-servers": "websocket servers",
    "websocket-applications": "websocket servers",
    "domains": "domains",
    "dedicated-clusters": "dedicated clusters",
    "edge-networks": "edge networks",
    "secrets": "secrets",
    "usage": "usage and billing",
}
"""The words in its addresses, and what they are for (its OpenAPI document of autumn 2026)."""


def why_unsupported(path: str) -> str | None:
    """Return what to say of an address that there is nothing under; None when it is not one of Laravel Cloud's either."""
    for word in path.split("/"):
        if word in _GROUPS:
            return (
                "Not found. Laravel Cloud's API has this endpoint and engineroom has not: it does not manage "
                f"{_GROUPS[word]}. GET /api/docs lists what is here."
            )
    return None
