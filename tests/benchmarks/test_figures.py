"""How what was measured becomes percentiles, records, and rows of a table."""

import io
import json
import struct
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.percentiles import percentile
from benchmarks.records import Record, Records, RecordsMissingError
from benchmarks.result import Aim, Measure, Result


def printed(result: Result) -> str:
    console = Console(file=io.StringIO(), width=160)
    report.print_result(console, result)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def result(*measures: Measure, notes: tuple[str, ...] = ()) -> Result:
    return Result(
        name="start", title="500 processes", contenders=["engineroom", "PM2"], measures=measures, notes=notes
    )


def row(measure: Measure) -> str:
    (line,) = [line for line in printed(result(measure)).splitlines() if measure.name in line]
    return " ".join(line.replace("│", " ").split())


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.1, 100), (100, 100)]
)
def test_a_percentile_is_a_measured_value_that_so_many_do_not_exceed(percent: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_every_percentile_of_one_value_is_that_value() -> None:
    assert {percentile([7.5], percent) for percent in (0, 50, 99, 100)} == {7.5}


@pytest.mark.parametrize(("figure", "met"), [(2.9, True), (3.0, True), (3.1, False)])
def test_an_aim_is_met_when_the_figure_does_not_exceed_it(figure: float, met: bool) -> None:
    measure = Measure(name="restarted", unit="ms", figures={"engineroom": figure}, aim=Aim(limit=3))

    assert measure.aim_is_met is met


@pytest.mark.parametrize(("figure", "met"), [(2999.0, False), (3000.0, True)])
def test_an_aim_may_be_the_least_that_is_to_be_reached(figure: float, met: bool) -> None:
    measure = Measure(
        name="reads", unit="/s", figures={"engineroom": figure}, aim=Aim(limit=3000, at_least=True)
    )

    assert measure.aim_is_met is met
    assert "≥ 3,000 /s" in row(measure)


def test_an_aim_is_neither_met_nor_missed_by_what_was_not_measured() -> None:
    assert Measure(name="restarted", unit="ms", figures={"PM2": 1.0}, aim=Aim(limit=3)).aim_is_met is None
    assert Measure(name="restarted", unit="ms", figures={"engineroom": 1.0}).aim_is_met is None


def test_a_row_has_the_figure_the_aim_and_the_figures_of_the_peers() -> None:
    measure = Measure(
        name="restarted", unit="ms", figures={"engineroom": 0.934, "PM2": 104.2}, aim=Aim(limit=3)
    )

    assert row(measure) == "restarted 0.93 ms ≤ 3.00 ms: met 104 ms"


def test_a_missed_aim_is_shown_with_where_its_limit_comes_from() -> None:
    aim = Aim(limit=0.5, reason="2.5 x C loop")

    shown = row(Measure(name="up", unit="s", figures={"engineroom": 12.34, "PM2": 1.5}, aim=aim))

    assert shown == "up 12.3 s ≤ 0.50 s (2.5 x C loop): missed 1.50 s"


def test_a_contender_that_was_left_out_has_a_dash_and_the_reason_below() -> None:
    measure = Measure(name="kills", unit="", figures={"engineroom": 303})

    shown = printed(result(measure, notes=("PM2 is left out: npm was not found.",)))

    assert row(measure) == "kills 303 -"
    assert "PM2 is left out: npm was not found." in shown


def test_the_json_has_the_machine_and_every_figure_unrounded() -> None:
    measure = Measure(name="restarted", unit="ms", figures={"engineroom": 0.93412}, aim=Aim(limit=3))

    found = json.loads(report.as_json({"cores": "2"}, [result(measure)]))

    assert found["machine"] == {"cores": "2"}
    (written,) = found["results"][0]["measures"]
    assert written["figures"] == {"engineroom": 0.93412}
    assert written["aim_is_met"] is True


def test_records_are_read_in_their_order_and_without_those_seen_before(tmp_path: Path) -> None:
    records = Records(tmp_path / "records")
    with records.path.open("ab") as file:
        for number in (1, 2, 3):
            file.write(struct.pack("=QII", number * 10**12, number, 99))

    assert records.count() == 3
    assert records.since(1) == [Record(2 * 10**12, 2, 99), Record(3 * 10**12, 3, 99)]
    assert records.wait_for(2, seen=1) == records.since(1)


def test_waiting_for_children_that_do_not_come_says_how_many_came(tmp_path: Path) -> None:
    records = Records(tmp_path / "records")
    records.path.write_bytes(struct.pack("=QII", 1, 2, 3))

    with pytest.raises(RecordsMissingError, match="only 1 of 5 children"):
        records.wait_for(5, seen=0, timeout_seconds=0)
