import shlex

from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.processes.worker_config import WorkerConfig

NUMBERS = st.none() | st.integers(0, 2_147_483_647)
TEXTS = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
FLAGS = st.none() | st.booleans()
CONFIGS = st.builds(
    WorkerConfig,
    connection=TEXTS,
    queue=TEXTS,
    name=TEXTS,
    tries=NUMBERS,
    backoff=NUMBERS,
    max_jobs=NUMBERS,
    max_time=NUMBERS,
    sleep=NUMBERS,
    rest=NUMBERS,
    timeout=NUMBERS,
    force=FLAGS,
    stop_when_empty=FLAGS,
)


@given(CONFIGS)
def test_the_command_shown_splits_into_the_words_that_are_run(config: WorkerConfig) -> None:
    assert tuple(shlex.split(config.command())) == config.argv()


@given(CONFIGS)
def test_what_is_given_makes_the_same_config_again(config: WorkerConfig) -> None:
    assert WorkerConfig(**config.given()) == config  # type: ignore[arg-type]


def test_the_options_stand_in_the_order_of_the_contract_with_quiet_at_the_end() -> None:
    """Contract sheet, section 2.5."""
    config = WorkerConfig(
        connection="redis",
        queue="default,emails",
        name="n",
        tries=3,
        backoff=30,
        max_jobs=5,
        max_time=6,
        sleep=3,
        rest=0,
        timeout=60,
        force=True,
        stop_when_empty=False,
    )
    assert config.command() == (
        "php artisan queue:work redis --queue=default,emails --name=n --tries=3 --backoff=30 --max-jobs=5 "
        "--max-time=6 --sleep=3 --rest=0 --timeout=60 --force --quiet"
    )
