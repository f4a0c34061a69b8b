"""An application of Celery, as its documentation begins one."""

import os

import jobs  # type: ignore[import-not-found]
from celery import Celery  # type: ignore[import-untyped]

app = Celery("celery_app", broker=os.environ["BROKER"])
app.conf.broker_connection_retry_on_startup = True
work = app.task(name="work")(jobs.work)

if __name__ == "__main__":
    for number in range(int(os.environ["COUNT"])):
        work.delay(number)
