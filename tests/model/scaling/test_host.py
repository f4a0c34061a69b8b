from engineroom.model.scaling.host import Host, room

GB = 1_000_000_000


def host(*, available: int | None = 8 * GB, used: float | None = 0.6) -> Host:
    return Host(memory_bytes=10 * GB, memory_available_bytes=available, cores=2, cores_used=used)


def test_what_there_is_less_of_binds() -> None:
    by_cpu = room(host(), process_memory_bytes=GB // 10, process_cores=0.4)
    by_memory = room(host(available=2 * GB), process_memory_bytes=GB // 4, process_cores=0.01)

    assert by_cpu is not None
    assert (by_cpu.more, by_cpu.reason) == (
        2,
        "the host has no CPU for more (0.6 of 2 cores in use, 0.40 each)",
    )
    assert by_memory is not None
    assert by_memory.more == 2
    assert by_memory.reason.startswith("the host has no memory for more")


def test_a_full_host_has_room_for_none() -> None:
    full = room(host(available=GB), process_memory_bytes=GB, process_cores=0.1)

    assert full is not None
    assert full.more == 0


def test_what_is_not_known_bounds_nothing() -> None:
    assert room(host(available=None, used=None), process_memory_bytes=None, process_cores=None) is None
