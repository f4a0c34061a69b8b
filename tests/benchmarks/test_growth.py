"""From which size on growth has an aim, and how it is reckoned."""

from benchmarks.growth import measures


def test_above_a_thousand_the_aim_is_to_grow_no_faster_than_the_processes() -> None:
    figures = {100: {"engineroom": 0.1}, 1000: {"engineroom": 0.8}, 4000: {"engineroom": 3.3}}

    small, reference, large = measures("all run", "s", figures)

    assert small.aim is None
    assert reference.aim is None
    assert large.name == "all run, 4,000"
    assert large.aim is not None
    assert large.aim.limit == 3.2
    assert large.aim_is_met is False


def test_without_engineroom_growth_has_no_aim() -> None:
    *_, large = measures("all run", "s", {1000: {"C loop": 0.3}, 2000: {"C loop": 0.9}})

    assert large.aim is None
    assert large.figures == {"C loop": 0.9}
