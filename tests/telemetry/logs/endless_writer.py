"""Stores the same endless stream of numbered lines from where the log says that it ends, until it is killed."""

import asyncio
import sys
from pathlib import Path

from engineroom.model.logs.output import StreamId
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.retention import Retention
from tests.telemetry.logs.made import MAILS, NOON, SECOND, batch, chunk

LINE = b"line %08d\n"
LENGTH = len(LINE % 0)
STREAM = StreamId(f"{MAILS}-0", "stdout")


async def main(path: Path) -> None:
    logs = LogStore.open(path, Retention(days=36500))
    position = (await logs.positions()).get(STREAM, 0)
    while True:
        number = position // LENGTH
        count = number % 37 + 1
        data = b"".join(LINE % each for each in range(number, number + count))
        await logs.append(batch(chunk(data, at=NOON + number * SECOND, begin=position)))
        position += len(data)
        await logs.compact()
        sys.stdout.write(f"{position}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
