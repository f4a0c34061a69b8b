"""The client of SQS. Imported, it has read all that it needs of its own files: a process may not be allowed to later."""

import os
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config  # type: ignore[import-untyped]
from botocore.session import Session  # type: ignore[import-untyped]

from engineroom.queues.base import SqsQueues

_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where Debian and Fedora, and what comes of them, keep the certificates that this host trusts."""


def client(connection: SqsQueues, timeout_seconds: float) -> Any:
    """Return a client that has the connection's credentials, and no others."""
    parts = urlsplit(connection.prefix)
    return _session.create_client(
        "sqs",
        region_name=connection.region,
        endpoint_url=f"{parts.scheme}://{parts.netloc}",
        aws_access_key_id=connection.key,
        aws_secret_access_key=connection.secret,
        aws_session_token=connection.session_token,
        verify=_certificates(),
        config=Config(
            connect_timeout=timeout_seconds,
            read_timeout=timeout_seconds,
            retries={"total_max_attempts": 1},
        ),
    )


def _certificates() -> str | None:
    """Return the file of the host's certificates; None for those that come with the client, where there is none."""
    found = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_CERTIFICATES)
    return next((path for path in found if path and Path(path).is_file()), None)


_session = Session()
client(SqsQueues(prefix="http://127.0.0.1", key="none", secret="none"), 1).close()  # noqa: S106
