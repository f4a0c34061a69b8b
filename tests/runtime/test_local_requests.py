"""What the local runtime asks of its keeper at once."""

from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import Session, some_workload
from tests.runtime.test_local import LocalHost


@asynchronous
async def test_many_variables_of_many_processes_are_more_than_one_request(host: LocalHost) -> None:
    session = await Session.opened(host)
    long = some_workload(variables={"LONG": "x" * 12_000_000}, processes=6, replicas=1)
    id = long.background_process
    await session.runtime.apply([long])
    await eventually("all were tried", lambda: session.kinds(id).count("process.start_failed") >= 6)
    assert "Argument list too long" in session.events(id)[0].message
    await session.applied(some_workload())
    await session.runtime.close()
