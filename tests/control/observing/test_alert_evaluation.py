"""People are notified once of what is wrong, also when the server starts again, and not in the mute window."""

import json
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from engineroom.control.observing.alert_evaluation import AlertEvaluation
from engineroom.control.observing.alert_values import AlertValues
from engineroom.control.observing.misunderstandings import WITHIN_SECONDS, Misunderstandings
from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.membership import LostHost
from engineroom.runtime.local.translation import keeper_misunderstood
from engineroom.telemetry.alerts.config import AlertSettings
from engineroom.telemetry.alerts.mute_window import mute_window
from engineroom.telemetry.alerts.origin import Origin
from engineroom.telemetry.alerts.rules import Alert, Change
from engineroom.telemetry.metrics.sample import Sample
from tests.control.running_control import running_control
from tests.runtime.asynchronous import asynchronous, eventually

HALF_FULL = SimpleNamespace(total=100, used=50, free=50)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()

WELL = ObservedBackgroundProcess(
    background_process=BackgroundProcessId("process-1"),
    instance=InstanceId("inst-1"),
    environment=EnvironmentId("env-1"),
    name="php artisan queue:work",
    sample=Sample(running=2, failed_jobs=3, queue_length=0),
    missing=0,
    crash_looping=0,
    restarts_total=0,
)
DYING = replace(WELL, crash_looping=2)
WELL_TOO, DYING_TOO = (
    replace(each, background_process=BackgroundProcessId("process-2")) for each in (WELL, DYING)
)


@dataclass(frozen=True)
class Recording:
    """A channel that keeps what it is to send."""

    name: str = "recording"
    sent: list[tuple[Change, str]] = field(default_factory=list)

    def send(self, change: Change, alert: Alert) -> None:
        self.sent.append((change, alert.subject.rule))


@dataclass
class Watching:
    """A watch, and what it told."""

    folder: Path
    settings: AlertSettings
    reachable: bool = True
    lost: list[LostHost] = field(default_factory=list)
    seconds: float = 1000.0
    noted: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.misunderstandings = Misunderstandings(lambda: self.seconds)

    def watch(self) -> AlertEvaluation:
        values = AlertValues(
            self.folder,
            reachable=lambda: self.reachable,
            lost=lambda: self.lost,
            misunderstandings=self.misunderstandings,
        )
        return AlertEvaluation(self.settings, self.folder, values, self.noted.append)


@pytest.fixture(autouse=True)
def half_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: HALF_FULL)  # noqa: ARG005


@pytest.fixture
def channel() -> Recording:
    return Recording()


def waiting(folder: Path) -> object:
    """Return what the next server would send."""
    return json.loads((folder / "alerts.json").read_text())["waiting"]


@asynchronous
async def test_it_tells_once_and_the_server_after_it_does_not_tell_again(
    tmp_path: Path, channel: Recording
) -> None:
    watching = Watching(tmp_path, AlertSettings(channels=(channel,)))
    for _ in range(3):
        watch = watching.watch()
        watch.open()
        watch.take([DYING], NOON)
        await eventually("it is told, and that is remembered", lambda: channel.sent and not waiting(tmp_path))
        await watch.close()
    watch = watching.watch()
    watch.open()
    watch.take([WELL], NOON + 60)
    await eventually("its end is told", lambda: len(channel.sent) == 2)
    await watch.close()

    assert channel.sent == [(Change.FIRING, "crash_loop"), (Change.RESOLVED, "crash_loop")]
    assert [event.kind for event in watching.noted] == ["alert.firing", "alert.resolved"]
    assert watching.noted[1].message.endswith("It is over.")


@pytest.mark.parametrize("hangs", [False, True])
@asynchronous
async def test_who_is_told_gets_the_names_the_reason_and_the_last_lines(tmp_path: Path, hangs: bool) -> None:
    told: list[Alert] = []

    class Keeping(Recording):
        def send(self, change: Change, alert: Alert) -> None:  # noqa: ARG002
            told.append(alert)

    async def last_lines(of: BackgroundProcessId, most: int) -> list[str]:
        if hangs:
            raise OSError("the disk hangs")
        return [f"the last {most} of {of}"]

    settings = AlertSettings(channels=(Keeping(),), last_lines=3)
    values = AlertValues(tmp_path, reachable=lambda: True, node="web-1")
    watch = AlertEvaluation(settings, tmp_path, values, lambda _: None, last_lines)
    watch.open()
    dying = replace(DYING, application_name="Shop", environment_name="production", reason="exit 1")
    watch.take([dying], NOON)
    await eventually("it is told", lambda: told)
    await watch.close()

    assert told[0].origin == Origin(
        application="Shop",
        environment="production",
        process="php artisan queue:work",
        node="web-1",
        reason="exit 1",
    )
    assert told[0].lines == (() if hangs else ("the last 3 of process-1",))


@asynchronous
async def test_what_could_not_be_remembered_is_when_there_is_room_again(tmp_path: Path) -> None:
    watching = Watching(tmp_path, AlertSettings())
    watch = watching.watch()
    watch.open()
    blocked = tmp_path / "alerts.new"
    blocked.mkdir()
    watch.take([DYING], NOON)
    watch.take([DYING], NOON + 10)
    blocked.rmdir()
    watch.take([DYING], NOON + 20)
    await watch.close()
    after = watching.watch()
    after.open()
    assert [alert.since for alert in after.firing] == [NOON]
    await after.close()


@asynchronous
async def test_in_quiet_hours_nobody_is_told_and_afterwards_only_of_what_is_still_wrong(
    tmp_path: Path, channel: Recording
) -> None:
    watching = Watching(tmp_path, AlertSettings(channels=(channel,), muted=mute_window("11:00-13:00", "UTC")))
    watch = watching.watch()
    watch.open()
    watch.take([DYING, replace(DYING, background_process=BackgroundProcessId("process-2"))], NOON)
    watch.take([WELL, replace(DYING, background_process=BackgroundProcessId("process-2"))], NOON + 60)
    assert channel.sent == []
    watch.take([WELL, replace(DYING, background_process=BackgroundProcessId("process-2"))], NOON + 3600)
    await eventually("it is told", lambda: channel.sent)
    await watch.close()

    assert channel.sent == [(Change.FIRING, "crash_loop")]
    assert len(watching.noted) == 3


@asynchronous
async def test_what_is_held_in_quiet_hours_is_told_by_the_next_server_too(
    tmp_path: Path, channel: Recording
) -> None:
    watching = Watching(tmp_path, AlertSettings(channels=(channel,), muted=mute_window("12:00-13:00", "UTC")))
    steps = (
        (NOON - 60, [DYING, WELL_TOO]),  # told
        (NOON, [WELL, DYING_TOO]),  # quiet: one ends, another begins
        (NOON + 3600, [WELL, DYING_TOO]),
    )
    told = []
    for now, observed in steps:
        watch = watching.watch()
        watch.open()
        watch.take(observed, now)
        await eventually("it is sent", lambda: not watch._delivery.waiting)  # noqa: B023
        await watch.close()
        told.append(len(channel.sent))

    assert told == [1, 1, 3]
    assert sorted(channel.sent[1:]) == [(Change.FIRING, "crash_loop"), (Change.RESOLVED, "crash_loop")]


@asynchronous
async def test_a_figure_that_is_not_known_resolves_nothing(tmp_path: Path) -> None:
    watch = Watching(tmp_path, AlertSettings()).watch()
    for after, missing in ((0, 3), (70, 3), (80, None)):
        watch.take([replace(WELL, missing=missing)], NOON + after)

    assert [alert.subject.rule for alert in watch.firing] == ["process_missing"]


def failed(count: float | None) -> ObservedBackgroundProcess:
    return replace(WELL, sample=replace(WELL.sample, failed_jobs=count))


@asynchronous
async def test_failed_jobs_count_when_they_rise_whatever_there_was_before(tmp_path: Path) -> None:
    watching = Watching(tmp_path, AlertSettings())
    watch = watching.watch()
    for number, count in enumerate((1000, 1005, None, 1011)):
        watch.take([failed(count)], NOON + number * 10)
    assert [alert.subject.rule for alert in watch.firing] == ["failed_jobs"]

    watch.take([failed(0)], NOON + 50)
    assert watch.firing == []


@asynchronous
async def test_failed_jobs_of_before_the_clock_was_set_back_do_not_count_for_ever(tmp_path: Path) -> None:
    watch = Watching(tmp_path, AlertSettings()).watch()
    watch.take([failed(1000)], NOON + 365 * 86400)
    watch.take([failed(1011)], NOON + 365 * 86400 + 10)
    assert [alert.subject.rule for alert in watch.firing] == ["failed_jobs"]

    for number in range(3):
        watch.take([failed(1011)], NOON + number * 300)
    assert watch.firing == []


@asynchronous
async def test_a_keeper_that_is_away_and_processes_that_are_missing_are_told_of(tmp_path: Path) -> None:
    watching = Watching(tmp_path, AlertSettings(), reachable=False)
    watch = watching.watch()
    for after in (0, 20, 70):
        watch.take([replace(WELL, missing=3)], NOON + after)

    assert {alert.message for alert in watch.firing} >= {
        "The keeper of this host cannot be reached; what it runs goes on running.",
        "3 processes of php artisan queue:work are missing.",
    }


@asynchronous
async def test_a_host_that_is_lost_is_told_of_by_one_server_until_it_is_back(tmp_path: Path) -> None:
    here = LostHost(host="host-2", name="web-2", environments=3, is_told_here=True)
    elsewhere = replace(here, host="host-3", is_told_here=False)
    watching = Watching(tmp_path, AlertSettings(), lost=[here, elsewhere])
    watch = watching.watch()
    watch.take([], NOON)
    assert [alert.message for alert in watch.firing] == [
        "The host web-2 has not been seen for more than a minute; 3 environments belong to it."
    ]
    watching.lost = [replace(here, is_told_here=False), elsewhere]
    watch.take([], NOON + 10)
    assert len(watch.firing) == 1, "another server took over: it is not over"
    watching.lost = []
    watch.take([], NOON + 20)

    assert watch.firing == []
    assert [(event.kind, event.background_process_id) for event in watching.noted] == [
        ("alert.firing", None),
        ("alert.resolved", None),
    ]


@asynchronous
async def test_a_keeper_that_makes_no_sense_is_told_of_until_five_minutes_after_the_last_time(
    tmp_path: Path,
) -> None:
    watching = Watching(tmp_path, AlertSettings())
    watch = watching.watch()
    for reason in ("a line of it is no JSON object", "it answers what nobody has asked: request 99"):
        watching.misunderstandings.take([keeper_misunderstood(reason)])
        watch.take([], NOON)
        watching.seconds += WITHIN_SECONDS - 1
    watch.take([], NOON + 1)
    (alert,) = watch.firing
    assert alert.subject.background_process_id is None
    assert alert.origin.reason == "a line of it is no JSON object"
    assert "do not understand each other: a line of it is no JSON object;" in alert.message

    watching.seconds += 1
    watch.take([], NOON + 2)
    assert watch.firing == []
    assert [event.kind for event in watching.noted] == ["alert.firing", "alert.resolved"]


@asynchronous
async def test_a_server_that_has_just_started_does_not_say_that_its_keeper_makes_sense_again(
    tmp_path: Path,
) -> None:
    first = Watching(tmp_path, AlertSettings())
    first.misunderstandings.take([keeper_misunderstood("a line of it is no JSON object")])
    watch = first.watch()
    watch.take([], NOON)
    await watch.close()

    next_one = Watching(tmp_path, AlertSettings())
    watch = next_one.watch()
    watch.open()
    watch.take([], NOON + 1)
    assert [alert.subject.rule for alert in watch.firing] == ["keeper_misunderstood"]
    next_one.seconds += WITHIN_SECONDS
    watch.take([], NOON + 2)
    assert watch.firing == []
    await watch.close()


@asynchronous
async def test_what_the_runtime_tells_of_its_keeper_reaches_the_alerts(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        running.fake.tell(keeper_misunderstood("it is no line"))
        await running.control.parts.sampler.sample()
        assert [alert.subject.rule for alert in running.control.alerts.firing] == ["keeper_misunderstood"]


@asynchronous
async def test_a_memory_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    watching = Watching(tmp_path, AlertSettings())
    (tmp_path / "alerts.json").write_text("nonsense")
    watch = watching.watch()
    watch.open()
    watch.take([DYING], NOON)
    await watch.close()

    assert len(watch.firing) == 1
