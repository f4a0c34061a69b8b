from pathlib import Path

import pytest

from engineroom.settings import SettingsError, load


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    assert load(data=tmp_path, environment={}).rate_limit == 120
    (tmp_path / "settings.toml").write_text('rate_limit = 600\nbind = "127.0.0.1:1"\n')
    assert load(data=tmp_path, environment={}).rate_limit == 600

    found = load(data=tmp_path, environment={"ENGINEROOM_RATE_LIMIT": "0"})

    assert (found.rate_limit, found.port) == (0, 1)


@pytest.mark.parametrize("text", ["-1", "many", "1.5", "9999999999"])
def test_a_limit_that_is_none_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="give rate_limit as a number"):
        load(data=tmp_path, environment={"ENGINEROOM_RATE_LIMIT": text})


def test_an_unknown_setting_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("rate_limits = 1\n")
    with pytest.raises(
        SettingsError,
        match=r"unknown settings: rate_limits; known are: bind, .*, rate_limit",
    ):
        load(data=tmp_path, environment={})


def test_a_reserve_that_leaves_no_host_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="give host_reserve in percent, from 0 to 90"):
        load(data=tmp_path, environment={"ENGINEROOM_HOST_RESERVE": "91"})
    assert load(data=tmp_path, environment={"ENGINEROOM_HOST_RESERVE": "0"}).host_reserve == 0


def test_how_much_output_is_kept_is_a_number_of_megabytes(tmp_path: Path) -> None:
    assert load(data=tmp_path, environment={}).output_kept_bytes == 8 * 1024 * 1024
    found = load(data=tmp_path, environment={"ENGINEROOM_OUTPUT_KEPT_MEGABYTES": "2"})
    assert found.output_kept_bytes == 2 * 1024 * 1024
    for wrong in ("0", "much", "-1"):
        with pytest.raises(SettingsError, match="give output_kept_megabytes as a number"):
            load(data=tmp_path, environment={"ENGINEROOM_OUTPUT_KEPT_MEGABYTES": wrong})
