from engineroom.model.queue import Measurement
from engineroom.model.scaling.stall import STALLED_SECONDS, Watchdog, Work


def work(cpu: float | None = 1.0, running: int = 2, printed: int = 0) -> Work:
    return Work(cpu_seconds=cpu, running=running, printed_bytes=printed)


def queue(waiting: int, head: str = "first", reserved: int = 2) -> Measurement:
    return Measurement(waiting=waiting, head=head, reserved=reserved)


def test_workers_that_do_nothing_while_their_queue_grows_have_stalled() -> None:
    watchdog = Watchdog()

    assert not watchdog.look(0.0, queue(1), work())
    assert not watchdog.look(STALLED_SECONDS - 1, queue(9), work())
    assert watchdog.look(STALLED_SECONDS + 1, queue(9), work(cpu=1.1))


def test_any_sign_of_work_is_enough() -> None:
    for later_queue, later_work in (
        (queue(9), work(cpu=30.0)),
        (queue(9, head="second"), work()),
        (queue(9, reserved=1), work()),
        (queue(1), work()),
        (queue(0), work()),
        (queue(9), work(running=3)),
        (queue(9), work(printed=1)),
    ):
        watchdog = Watchdog()
        watchdog.look(0.0, queue(1), work())
        assert not watchdog.look(STALLED_SECONDS + 1, later_queue, later_work)


def test_what_is_not_known_is_no_stall() -> None:
    watchdog = Watchdog()
    watchdog.look(0.0, queue(1), work(cpu=None))

    assert not watchdog.look(STALLED_SECONDS + 1, queue(9), work(cpu=None))
