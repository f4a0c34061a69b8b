"""Pushes jobs for RQ."""

import os

import jobs  # type: ignore[import-not-found]
import redis
import rq

queue = rq.Queue("default", connection=redis.Redis.from_url(os.environ["BROKER"]))
queue.enqueue_many(
    [rq.Queue.prepare_data(jobs.work, (number,)) for number in range(int(os.environ["COUNT"]))]
)
