"""Queues at Amazon SQS, or at what speaks its protocol. All its figures are approximate, as it says itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from engineroom.queues.base import Snapshot, SqsQueues, UnmeasurableError, UnmeasurableQueueError
from engineroom.queues.extras import imported

_TIMEOUT_SECONDS = 2
_FIFO = ".fifo"
_NONE_SUCH = ("NonExistentQueue", "QueueDoesNotExist")


class SqsDriver:
    """See `engineroom.queues.base.Driver`."""

    def __init__(self, connection: SqsQueues) -> None:
        self._connection = connection
        self._client: Any = None
        self._errors: Any = imported("botocore.exceptions")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queue-sqs")

    async def snapshot(self, queue: str) -> Snapshot:
        """See Driver.snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, queue)

    async def close(self) -> None:
        """See Driver.close."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _read(self, queue: str) -> Snapshot:
        if self._client is None:
            self._client = _client(self._connection)
        try:
            found = self._client.get_queue_attributes(
                QueueUrl=address_of(self._connection, queue),
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesDelayed",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        except self._errors.ClientError as error:
            none_such = error.response.get("Error", {}).get("Code", "").endswith(_NONE_SUCH)
            raise (UnmeasurableQueueError if none_such else UnmeasurableError)(str(error)) from None
        except self._errors.BotoCoreError as error:
            raise UnmeasurableError(str(error)) from None
        return Snapshot(
            waiting=int(found["ApproximateNumberOfMessages"]),
            delayed=int(found["ApproximateNumberOfMessagesDelayed"]),
            reserved=int(found["ApproximateNumberOfMessagesNotVisible"]),
        )


def address_of(connection: SqsQueues, queue: str) -> str:
    """Return the address of a queue, as the framework puts it together; a full address is one already."""
    if urlsplit(queue).scheme:
        return queue
    prefix, suffix = connection.prefix.rstrip("/"), connection.suffix
    if queue.endswith(_FIFO):
        name = queue.removesuffix(_FIFO).removesuffix(suffix)
        return f"{prefix}/{name}{suffix}{_FIFO}"
    return f"{prefix}/{queue.removesuffix(suffix) if suffix else queue}{suffix}"


def _client(connection: SqsQueues) -> Any:
    config = imported("botocore.config").Config(
        connect_timeout=_TIMEOUT_SECONDS,
        read_timeout=_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1},
    )
    parts = urlsplit(connection.prefix)
    session = imported("botocore.session").Session()
    return session.create_client(
        "sqs",
        region_name=connection.region,
        endpoint_url=f"{parts.scheme}://{parts.netloc}",
        aws_access_key_id=connection.key,
        aws_secret_access_key=connection.secret,
        aws_session_token=connection.session_token,
        config=config,
    )
