"""When an alert fires and when it is resolved: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from engineroom.telemetry.alerts.origin import UNKNOWN, Origin


class RuleName(StrEnum):
    """What may be wrong."""

    CRASH_LOOP = "crash_loop"
    OLDEST_JOB = "oldest_job"
    FAILED_JOBS = "failed_jobs"
    PROCESS_MISSING = "process_missing"
    DISK_NEARLY_FULL = "disk_nearly_full"
    KEEPER_LOST = "keeper_lost"
    KEEPER_MISUNDERSTOOD = "keeper_misunderstood"
    HOST_LOST = "host_lost"
    TEST = "test"
    """Nothing is; it has no rule, and is what a test says."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert fires when a figure is above `threshold` for `seconds`, and is resolved when it is not any more."""

    name: RuleName
    threshold: float
    seconds: float
    sentence: str
    """What is wrong, with `{figure}` for the figure, `{threshold}`, `{subject}`, `{node}` and `{reason}`."""


DEFAULTS = {
    rule.name: rule
    for rule in (
        Rule(RuleName.CRASH_LOOP, 0, 0, "{figure:.0f} processes of {subject} die again and again"),
        Rule(
            RuleName.OLDEST_JOB,
            300,
            30,
            "the oldest job of {subject} has waited for {figure:.0f} s, longer than {threshold:.0f} s",
        ),
        Rule(RuleName.FAILED_JOBS, 10, 0, "{figure:.0f} jobs of {subject} failed within ten minutes"),
        Rule(RuleName.PROCESS_MISSING, 0, 60, "{figure:.0f} processes of {subject} are missing"),
        Rule(
            RuleName.DISK_NEARLY_FULL, 90, 60, "the disk of the data folder of {node} is {figure:.0f} % full"
        ),
        Rule(
            RuleName.KEEPER_LOST, 0, 0, "the keeper of {node} cannot be reached; what it runs goes on running"
        ),
        Rule(
            RuleName.KEEPER_MISUNDERSTOOD,
            0,
            0,
            "the server and the keeper of {node} do not understand each other: {reason}; what it runs goes on running; "
            "install server and keeper from the same version, and look at the keeper's log",
        ),
        Rule(
            RuleName.HOST_LOST,
            0,
            0,
            "the host {subject} has not been seen for more than a minute; {figure:.0f} environments belong to it",
        ),
    )
}


KEEPER = "keeper"
"""The id of the subject of `KEEPER_MISUNDERSTOOD`."""

_OF_NO_PROCESS = frozenset({RuleName.HOST_LOST, RuleName.KEEPER_MISUNDERSTOOD})


@dataclass(frozen=True, slots=True, order=True)
class AlertSubject:
    """What a figure is of: a background process, what `_OF_NO_PROCESS` names, or this host where `id` is empty."""

    rule: RuleName
    id: str

    @property
    def background_process_id(self) -> str | None:
        """The background process, where it is one."""
        return None if self.rule in _OF_NO_PROCESS else self.id or None


class Change(StrEnum):
    """What happened to an alert."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert that fires or has fired. Moments are seconds since 1970; `resolved_at` is None while it fires.

    `lines` are the last that the background process had printed; they are only looked for when it is sent.
    """

    subject: AlertSubject
    message: str
    figure: float
    since: float
    resolved_at: float | None = None
    origin: Origin = UNKNOWN
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertState:
    """What is known between two looks: since when each figure is above its threshold, and what fires."""

    above_since: Mapping[AlertSubject, float]
    firing: Mapping[AlertSubject, Alert]


NOTHING = AlertState({}, {})


def evaluate(
    rules: Mapping[RuleName, Rule],
    figures: Mapping[AlertSubject, float | None],
    origins: Mapping[str, Origin],
    before: AlertState,
    now: float,
) -> tuple[AlertState, list[tuple[Change, Alert]]]:
    """Return the state after these figures, and the alerts that changed; `origins` are by the ids of subjects.

    A figure that is None is unknown, and leaves its alert as it is. One that is not there any more resolves it.
    """
    above: dict[AlertSubject, float] = {}
    firing: dict[AlertSubject, Alert] = {}
    changed: list[tuple[Change, Alert]] = []
    for subject in sorted({*figures, *before.firing}):
        rule = rules.get(subject.rule)
        figure = figures.get(subject, 0.0)
        alert = before.firing.get(subject)
        if rule is None:
            continue
        if figure is None:
            since = before.above_since.get(subject)
            above |= {} if since is None else {subject: since}
            firing |= {} if alert is None else {subject: alert}
        elif figure > rule.threshold:
            # A clock that was set back must not keep it from firing until it has caught up.
            above[subject] = min(before.above_since.get(subject, now), now)
            if alert is None and now - above[subject] >= rule.seconds:
                alert = _alert(rule, subject, figure, origins.get(subject.id, UNKNOWN), now)
                changed.append((Change.FIRING, alert))
            firing |= {} if alert is None else {subject: alert}
        elif alert is not None:
            changed.append((Change.RESOLVED, replace(alert, resolved_at=now, figure=figure)))
    return AlertState(above, firing), changed


def changed_rules(settings: Mapping[str, Mapping[str, float]]) -> dict[RuleName, Rule]:
    """Return the rules with other thresholds and times than the defaults; one with `enabled = false` is left out.

    Raises ValueError for what is no rule.
    """
    unknown = settings.keys() - DEFAULTS.keys()
    if unknown:
        raise ValueError(f"there are no rules {', '.join(sorted(unknown))}; there are {', '.join(DEFAULTS)}")
    return dict(_changed(DEFAULTS.values(), settings))


def _changed(
    rules: Iterable[Rule], settings: Mapping[str, Mapping[str, float]]
) -> Iterable[tuple[RuleName, Rule]]:
    for rule in rules:
        own = settings.get(rule.name, {})
        if own.get("enabled", True):
            threshold, seconds = own.get("threshold", rule.threshold), own.get("seconds", rule.seconds)
            yield rule.name, replace(rule, threshold=float(threshold), seconds=float(seconds))


def _alert(rule: Rule, subject: AlertSubject, figure: float, origin: Origin, now: float) -> Alert:
    sentence = rule.sentence.format(
        figure=figure,
        threshold=rule.threshold,
        subject=origin.name or subject.id,
        node=origin.node or "this host",
        reason=origin.reason,
    )
    message = f"{sentence[:1].upper()}{sentence[1:]}."
    return Alert(subject=subject, message=message, figure=figure, since=now, origin=origin)
