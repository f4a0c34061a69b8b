"""What a replica has is its size's, or its host's."""

from engineroom.model.instances.capacity import UNKNOWN, Capacity, capacity_of

HOST = Capacity(memory_bytes=8 << 30, cpus=2.0)


def test_a_size_has_its_own_memory_and_processors_wherever_it_is() -> None:
    assert capacity_of("flex.g-1vcpu-512mb", HOST) == Capacity(memory_bytes=512 << 20, cpus=1.0)


def test_the_size_of_the_host_has_what_the_host_has_and_nothing_is_made_up() -> None:
    assert capacity_of("host", HOST) == HOST
    assert capacity_of("host", UNKNOWN) == UNKNOWN
    assert capacity_of("of-another-version", HOST) == UNKNOWN
