"""Deadlines by key, against a plain dictionary."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engineroom.keeper.processes.timers import Timers

KEYS = st.sampled_from("abcde")
TIMES = st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0])


class TimersAgainstModel(RuleBasedStateMachine):
    """The model is a dictionary, in which the keys of equal deadlines have no order."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: Timers[str] = Timers()
        self.model: dict[str, float] = {}

    @rule(key=KEYS, deadline=TIMES)
    def set(self, key: str, deadline: float) -> None:
        self.timers.set(key, deadline)
        self.model[key] = deadline

    @rule(key=KEYS)
    def clear(self, key: str) -> None:
        self.timers.clear(key)
        self.model.pop(key, None)

    @rule(now=TIMES)
    def come_due(self, now: float) -> None:
        came = list(self.timers.due(now))
        expected = {key: deadline for key, deadline in self.model.items() if deadline <= now}
        assert sorted(came) == sorted(expected), "each once"
        assert [expected[key] for key in came] == sorted(expected.values()), "the earliest first"
        self.model = {key: deadline for key, deadline in self.model.items() if key not in expected}

    @rule(now=TIMES, key=KEYS, deadline=TIMES)
    def one_sets_another_while_coming_due(self, now: float, key: str, deadline: float) -> None:
        for came in self.timers.due(now):
            del self.model[came]
            if deadline > now:
                self.timers.set(key, deadline)
                self.model[key] = deadline

    @invariant()
    def next_is_the_earliest(self) -> None:
        assert self.timers.next() == min(self.model.values(), default=None)


TestTimers = TimersAgainstModel.TestCase
TestTimers.settings = settings(max_examples=60, stateful_step_count=25)
