import pytest

from engineroom.model.operation import Progress


def progress(**figures: int) -> Progress:
    none = {"current": 0, "starting": 0, "backing_off": 0, "outdated": 0, "draining": 0}
    return Progress(**({"wanted": 3} | none | figures))


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        ({}, "0 of 3 running"),
        ({"current": 2, "backing_off": 1}, "2 of 3 running, 1 backing off"),
        (
            {"current": 1, "starting": 1, "outdated": 1, "draining": 2},
            "1 of 3 running, 1 starting, 1 to be replaced, 2 draining",
        ),
    ],
)
def test_progress_is_told_in_words(figures: dict[str, int], sentence: str) -> None:
    assert progress(**figures).sentence() == sentence


def test_a_change_is_complete_when_exactly_what_was_asked_for_is_there() -> None:
    assert progress(current=3).complete
    assert not progress(current=2).complete
    assert not progress(current=3, draining=1).complete
