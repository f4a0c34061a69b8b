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


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "9999999999"])
def test_a_log_that_keeps_nothing_is_refused_in_words(tmp_path: Path, text: str) -> None:
    assert load(data=tmp_path, environment={"ENGINEROOM_LOG_DAYS": "3"}).log_days == 3
    for name in ("log_days", "log_megabytes"):
        with pytest.raises(SettingsError, match=f"as {name}: give a whole number"):
            load(data=tmp_path, environment={f"ENGINEROOM_{name.upper()}": text})


def test_a_collector_is_an_address(tmp_path: Path) -> None:
    assert load(data=tmp_path, environment={}).otlp_endpoint is None
    with pytest.raises(SettingsError, match="give otlp_endpoint as an address"):
        load(data=tmp_path, environment={"ENGINEROOM_OTLP_ENDPOINT": "127.0.0.1:4318"})


def test_an_unknown_setting_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("rate_limits = 1\n")
    known = ", ".join(
        (
            "alerts allowed_hosts bind database drain_seconds host_reserve log_days log_megabytes otlp_endpoint "
            "output_kept_megabytes queue_networks_allowed queue_networks_denied rate_limit trusted_proxies"
        ).split()
    )
    with pytest.raises(SettingsError, match=f"unknown settings: rate_limits; known are: {known}"):
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
        with pytest.raises(SettingsError, match="as output_kept_megabytes: give a whole number"):
            load(data=tmp_path, environment={"ENGINEROOM_OUTPUT_KEPT_MEGABYTES": wrong})


def test_networks_of_queues_are_a_list_in_the_file_and_words_in_a_variable(tmp_path: Path) -> None:
    assert "169.254.0.0/16" in load(data=tmp_path, environment={}).queue_networks_denied
    (tmp_path / "settings.toml").write_text('queue_networks_denied = ["10.0.0.0/8", "fd00::/8"]\n')
    variables = {"ENGINEROOM_QUEUE_NETWORKS_ALLOWED": "192.168.1.0/24, 127.0.0.1"}
    found = load(data=tmp_path, environment=variables)
    assert found.queue_networks_denied == ("10.0.0.0/8", "fd00::/8")
    assert found.queue_networks_allowed == ("192.168.1.0/24", "127.0.0.1/32")
    (tmp_path / "settings.toml").write_text("queue_networks_denied = []\n")
    assert load(data=tmp_path, environment={}).queue_networks_denied == ()
    for wrong in ("10.0.0.1/8", "localhost", "10.0.0.0/8 fd00::/8"):
        with pytest.raises(SettingsError, match=r"cannot use queue_networks_allowed: .*with commas between"):
            load(data=tmp_path, environment={"ENGINEROOM_QUEUE_NETWORKS_ALLOWED": wrong})
