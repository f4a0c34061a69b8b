"""What every runtime does with what is to be carried out once; used as `conformance.RuntimeConformance` is."""

from engineroom.model.ids import new_run_id
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import Host, Session, some_run


class RunConformance:
    """The scenarios."""

    @asynchronous
    async def test_a_run_goes_on_by_itself_and_its_end_is_told_once(self, host: Host) -> None:
        session = await Session.opened(host)
        run = some_run("sleep", "600")
        await session.runtime.run([run])
        await session.runtime.run([run])
        assert session.runtime.runs() == {run.id}
        assert session.runtime.background_processes() == frozenset()
        await session.runtime.close()

        again = await Session.opened(host, session.reports[-1].cursor if session.reports else None)
        assert again.runtime.runs() == {run.id}
        await again.runtime.end_runs([run.id, new_run_id()], stop_timeout_seconds=5.0)
        await eventually("its end is told", again.finished)
        [finished] = again.finished()
        assert (finished.id, finished.exit.asked) == (run.id, True)
        assert again.runtime.runs() == frozenset()
        await again.runtime.close()

    @asynchronous
    async def test_a_run_that_is_over_is_not_begun_again(self, host: Host) -> None:
        session = await Session.opened(host)
        run = some_run("sleep", "600")
        await session.runtime.run([run])
        await session.runtime.end_runs([run.id], stop_timeout_seconds=5.0)
        await eventually("its end is told", session.finished)
        await session.runtime.run([run])
        assert session.runtime.runs() == frozenset()
        await session.runtime.close()
