"""Server and keeper share no code, as the keeper is reached by its messages alone; what both say must be the same."""

from msgspec.structs import fields

from engineroom.keeper.calls import PROTOCOL as OF_THE_KEEPER
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.output.dropped import OUTPUT_DROPPED
from engineroom.keeper.processes import exit_facts
from engineroom.keeper.processes.lifecycle import LifecycleEvent, State
from engineroom.keeper.processes.process import ADJUSTED, Spec, Subprocess
from engineroom.runtime.local.keeper import PROTOCOL
from engineroom.runtime.local.messages import Happening, KeptExit, KeptProcess, KeptState


def test_the_states_and_events_of_the_keeper_are_those_that_the_server_knows() -> None:
    assert {state.value for state in KeptState} == {state.value for state in State}
    assert {event.value for event in Happening} == {event.value for event in LifecycleEvent} | {
        ADJUSTED,
        OUTPUT_DROPPED,
    }
    assert PROTOCOL == OF_THE_KEEPER


def test_what_the_server_reads_of_a_process_the_keeper_says() -> None:
    spec = Spec("a", ["work"], "/", {}, signal_group=False, labels={})
    assert {field.name for field in fields(KeptProcess)} <= Subprocess(spec).to_json().keys()
    facts = exit_facts.of_start_failure(LaunchError(2, "/no"))
    assert {field.name for field in fields(KeptExit)} == facts.keys()
