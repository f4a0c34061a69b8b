"""Queues at Amazon SQS, or at what speaks its protocol. All its figures are approximate, as it says itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from engineroom.queues.base import Snapshot, SqsQueues, UnmeasurableError, UnmeasurableQueueError
from engineroom.queues.drivers.extras import imported

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

    def remember(self, queue: str) -> None:
        """See Driver.remember. Nothing is told from it here."""

    async def close(self) -> None:
        """See Driver.close."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _read(self, queue: str) -> Snapshot:
        if self._client is None:
            if not (self._connection.key and self._connection.secret):
                raise UnmeasurableError(
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set; set them for the application: what this "
                    "host has itself is never used for it"
                )
            self._client = imported("engineroom.queues.drivers.sqs_client").client(
                self._connection, _TIMEOUT_SECONDS
            )
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
            # Why no connection was made is in what it was made of.
            cause = getattr(error, "kwargs", {}).get("error", error)
            raise UnmeasurableError(str(cause) or f"{error}: {type(cause).__name__}") from None
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
