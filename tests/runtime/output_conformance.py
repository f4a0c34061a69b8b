"""What every runtime does with what its processes print. A runtime's test module subclasses `OutputConformance` too."""

import time

from engineroom.model.logs.output import lines
from tests.runtime.asynchronous import asynchronous
from tests.runtime.conformance import Host, Session


class OutputConformance:
    """The scenarios."""

    @asynchronous
    async def test_what_processes_print_is_read_line_by_line_from_where_one_was(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = await host.talkative(session)
        (process,) = session.runtime.processes(workload.background_process)
        made = await session.printed(3)
        assert {(line.stream, line.text) for line in made} == {
            ("stdout", b"one"),
            ("stdout", b"two"),
            ("stderr", b"oops"),
        }
        for line in made:
            assert line[1:6] == (process.id, workload.background_process, 1, 0, process.pid)
            assert abs(line.at_nanoseconds - time.time_ns()) < 60 * 10**9
            assert not line.cut
        nothing_new = await session.runtime.read_output(session.after, limit_bytes=1 << 20)
        assert not [line for chunk in nothing_new for line in lines(chunk)]
        again = await session.runtime.read_output({}, limit_bytes=1 << 20)
        assert {line for chunk in again for line in lines(chunk)} == set(made)
        await session.runtime.close()

    @asynchronous
    async def test_the_beginning_of_a_line_is_told_ahead_and_comes_again_when_it_ends(
        self, host: Host
    ) -> None:
        session = await Session.opened(host)
        workload = await host.talkative(session)
        await session.printed(3)
        while b"last words" not in session.unfinished.values():
            await session.read_on()
        assert not await session.runtime.read_output(session.after, limit_bytes=1 << 20)
        await session.runtime.remove([workload.background_process], stop_timeout_seconds=5.0)
        assert (await session.printed(4))[-1].text == b"last words"
        assert not any(session.unfinished.values())
        await session.runtime.close()

    @asynchronous
    async def test_last_words_are_read_until_they_are_acknowledged(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = await host.talkative(session)
        await session.runtime.remove([workload.background_process], stop_timeout_seconds=5.0)
        await session.gone(workload.background_process)
        made = await session.printed(4)
        assert [line.text for line in made if line.stream == "stdout"] == [b"one", b"two", b"last words"]
        for _ in range(2):
            await session.runtime.acknowledge_output(session.after)
        await session.runtime.close()
        again = await Session.opened(host)
        assert not await again.runtime.read_output({}, limit_bytes=1 << 20)
        await again.runtime.close()

    @asynchronous
    async def test_what_is_acknowledged_is_not_read_again_but_what_follows_is(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = await host.talkative(session)
        await session.printed(3)
        await session.runtime.acknowledge_output(session.after)
        await session.runtime.close()
        again = await Session.opened(host)
        again.after = session.after
        await again.runtime.remove([workload.background_process], stop_timeout_seconds=5.0)
        assert [line.text for line in await again.printed(1)] == [b"last words"]
        await again.runtime.close()
