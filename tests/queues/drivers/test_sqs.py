import pytest
from botocore.session import Session  # type: ignore[import-untyped]

from engineroom.queues.base import SqsQueues
from engineroom.queues.drivers.sqs import address_of
from tests.queues.measuring import known, measure_once, unknown


def queues(port: int) -> SqsQueues:
    return SqsQueues(prefix=f"http://127.0.0.1:{port}/123456789012", key="key", secret="secret")


def test_messages_are_counted_by_what_a_worker_may_do_with_them(sqs_port: int) -> None:
    client = Session().create_client(
        "sqs",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{sqs_port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    address = client.create_queue(QueueName="default")["QueueUrl"]
    for delay in (0, 0, 0, 600):
        client.send_message(QueueUrl=address, MessageBody="{}", DelaySeconds=delay)
    client.receive_message(QueueUrl=address)
    client.close()

    measured = known(measure_once(queues(sqs_port)))

    assert (measured.waiting, measured.delayed, measured.reserved) == (2, 1, 1)


def test_a_queue_that_is_not_there_is_unknown(sqs_port: int) -> None:
    assert "NonExistentQueue" in unknown(measure_once(queues(sqs_port), "nowhere"))


@pytest.mark.parametrize(
    ("queue", "suffix", "name"),
    [
        ("default", "", "default"),
        ("default", "-staging", "default-staging"),
        ("default-staging", "-staging", "default-staging"),
        ("default.fifo", "-staging", "default-staging.fifo"),
        ("default.fifo", "", "default.fifo"),
    ],
)
def test_an_address_is_put_together_as_the_framework_does(queue: str, suffix: str, name: str) -> None:
    connection = SqsQueues(prefix="https://sqs.eu-west-1.amazonaws.com/1", suffix=suffix)

    assert address_of(connection, queue) == f"https://sqs.eu-west-1.amazonaws.com/1/{name}"
