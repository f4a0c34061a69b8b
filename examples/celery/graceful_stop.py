"""Let a Celery worker do each job once, however often it is stopped: `app.steps["consumer"].add(GracefulStop)`.

Celery's own warm shutdown gives back at once what it has fetched. On a busy host some of that has begun without having been
noted: it is done twice. What Redis was handing over at that moment is lost (celery/celery#4354). With this step a worker
that is asked to stop fetches nothing more, works what it has, and only then shuts down.
"""

import signal

from celery import bootsteps
from celery.worker import state
from celery.worker.consumer import Consumer

LOOK_EACH_SECONDS = 0.2


class GracefulStop(bootsteps.StartStopStep):
    """Stands between SIGTERM and Celery's own handler of it."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Consumer, **options: object) -> None:
        super().__init__(consumer, **options)
        self._asked = False

    def start(self, consumer: Consumer) -> None:
        """Take over SIGTERM; called again after the broker was away."""
        if signal.getsignal(signal.SIGTERM) != self._ask:
            self._shut_down = signal.signal(signal.SIGTERM, self._ask)
        self._timer = consumer.timer.call_repeatedly(LOOK_EACH_SECONDS, self._look, (consumer,))

    def stop(self, consumer: Consumer) -> None:  # noqa: ARG002
        """Look no more."""
        self._timer.cancel()

    def _ask(self, *_signal: object) -> None:
        self._asked = True

    def _look(self, consumer: Consumer) -> None:
        if not self._asked or consumer.task_consumer is None:
            return
        consumer.task_consumer.cancel()
        if not state.reserved_requests and not _is_fetching(consumer):
            self._shut_down(signal.SIGTERM, None)


def _is_fetching(consumer: Consumer) -> bool:
    """Return whether Redis may still hand over a job. Without a consumer it then goes back to the queue."""
    return bool(getattr(consumer.task_consumer.channel, "_in_poll", None))
