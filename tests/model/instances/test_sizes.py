"""Contract sheet, section 3.6."""

from engineroom.model.instances.sizes import SIZES, SizeGroup, find

GENERAL = """
flex.c-1vcpu-256mb flex.c-2vcpu-512mb flex.c-4vcpu-1gb flex.c-8vcpu-2gb
flex.g-1vcpu-512mb flex.g-2vcpu-1gb flex.g-4vcpu-2gb flex.g-8vcpu-4gb
flex.m-1vcpu-1gb flex.m-2vcpu-2gb flex.m-4vcpu-4gb flex.m-8vcpu-8gb
pro.c-1vcpu-1gb pro.c-2vcpu-2gb pro.c-4vcpu-4gb pro.c-8vcpu-8gb
pro.g-1vcpu-2gb pro.g-2vcpu-4gb pro.g-4vcpu-8gb pro.g-8vcpu-16gb
pro.m-1vcpu-4gb pro.m-2vcpu-8gb pro.m-4vcpu-16gb pro.m-8vcpu-32gb
dedicated.c-1vcpu-2gb dedicated.c-2vcpu-4gb dedicated.c-4vcpu-8gb dedicated.c-8vcpu-16gb
dedicated.g-1vcpu-4gb dedicated.g-2vcpu-8gb dedicated.g-4vcpu-16gb dedicated.g-8vcpu-32gb
dedicated.m-1vcpu-8gb dedicated.m-2vcpu-16gb dedicated.m-4vcpu-32gb dedicated.m-8vcpu-64gb
""".split()

MANAGED_QUEUES = """
mq-pro-256mb mq-pro-512mb mq-pro-1gb mq-pro-2gb mq-pro-4gb mq-pro-8gb
mq-dedicated-256mb mq-dedicated-512mb mq-dedicated-1gb mq-dedicated-2gb mq-dedicated-4gb mq-dedicated-8gb mq-dedicated-16gb
mq.flex.256mb mq.flex.512mb mq.flex.1gb mq.flex.2gb
mq.pro.256mb mq.pro.512mb mq.pro.1gb mq.pro.2gb mq.pro.4gb mq.pro.8gb
mq.dedicated.flex.256mb mq.dedicated.flex.512mb mq.dedicated.flex.1gb mq.dedicated.flex.2gb
mq.dedicated.pro.256mb mq.dedicated.pro.512mb mq.dedicated.pro.1gb mq.dedicated.pro.2gb mq.dedicated.pro.4gb
mq.dedicated.pro.8gb mq.dedicated.pro.16gb
""".split()


def names(group: SizeGroup) -> set[str]:
    return {size.name for size in SIZES if size.group is group}


def test_the_sizes_are_those_of_the_contract() -> None:
    assert names(SizeGroup.GENERAL) == set(GENERAL)
    assert names(SizeGroup.MANAGED_QUEUE) == set(MANAGED_QUEUES)
    assert names(SizeGroup.LEGACY) == {"flex-512mb", "flex-1gb", "flex-2gb"}


def test_each_name_is_there_once() -> None:
    assert len({size.name for size in SIZES}) == len(SIZES)


def test_a_size_has_the_figures_that_its_name_says() -> None:
    for size in SIZES:
        memory = size.name.rpartition("-")[2].rpartition(".")[2]
        assert size.memory_mib == int(memory[:-2]) * (1024 if memory.endswith("gb") else 1)
        assert size.group is not SizeGroup.GENERAL or f"-{size.cpu_count}vcpu-" in size.name


def test_what_is_offered_stands_in_the_recorded_order() -> None:
    """Twelve flex, then twelve pro, each by vCPU, and inside that c, g, m."""
    offered = [size.name for size in SIZES if size.offered]

    assert offered[:4] == [
        "flex.c-1vcpu-256mb",
        "flex.g-1vcpu-512mb",
        "flex.m-1vcpu-1gb",
        "flex.c-2vcpu-512mb",
    ]
    assert offered[11:13] == ["flex.m-8vcpu-8gb", "pro.c-1vcpu-1gb"]
    assert len(offered) == 24


def test_a_size_is_described_in_words() -> None:
    small, large = find("flex.g-1vcpu-512mb"), find("pro.m-8vcpu-32gb")

    assert small is not None
    assert large is not None
    assert (small.label, small.description) == ("Flex", "1 vCPU \u00b7 512 MiB RAM")
    assert (large.label, large.description) == ("Pro", "8 vCPU \u00b7 32 GiB RAM")
    assert large.compute_class == "pro.m"


def test_no_size_is_found_under_an_unknown_name() -> None:
    assert find("flex.g-3vcpu-3gb") is None
