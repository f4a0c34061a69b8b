"""Clients that are wrong, slow or suddenly gone do no harm."""

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper.greeting import SECRET_NAME
from tests.keeper.running_keeper import Client, RunningKeeper, running_keeper, secret_of
from tests.support import proc
from tests.support.other_user import as_user
from tests.support.waiting import wait_until

SLEEP = ("sleep", "600")

NO_REQUESTS = [
    b"",
    b"hello",
    b"{",
    b"[]",
    b"null",
    b'"start"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"id":1}',
    b'{"id":1,"call":["start"]}',
    b'{"id":1,"call":{"start":1}}',
    b'{"id":"1","call":"start","processes":[SPEC]}',
    b'{"id":true,"call":"start","processes":[SPEC]}',
    b'{"call":"start","processes":[SPEC]}',
    b'GET / HTTP/1.1\r\n\r\n{"id":1,"call":"start","processes":[SPEC]}',
    b'*2\r\n$4\r\nAUTH\r\n$9\r\n{"id":1,"call":"start","processes":[SPEC]}',
]

WRONG = [
    b'{"id":1,"call":"dance"}',
    b'{"id":1,"call":"start"}',
    b'{"id":1,"call":"start","processes":null}',
    b'{"id":1,"call":"start","processes":["a"]}',
    b'{"id":1,"call":"start","processes":[{"id":"a"}]}',
    b'{"id":1,"call":"start","processes":[],"groups":[1]}',
    b'{"id":1,"call":"stop"}',
    b'{"id":1,"call":"stop","ids":3,"timeout_seconds":1}',
    b'{"id":1,"call":"stop","ids":"all","timeout_seconds":1}',
    b'{"id":1,"call":"stop","ids":[[]],"timeout_seconds":1}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":1,"force":"no"}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":"1"}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":"soon"}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":NaN}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":Infinity}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":-1}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":1' + b"0" * 400 + b"}",
    b'{"id":1,"call":"watch","epoch":"EPOCH","after":"x"}',
    b'{"id":1,"call":"watch","epoch":"EPOCH","after":Infinity}',
    b'{"id":1,"call":"stop","ids":[],"timeout_seconds":1,"reason":["because"]}',
    b'{"id":1,"call":"limit"}',
    b'{"id":1,"call":"limit","groups":{"a":{"cpus":"x"}}}',
    b'{"id":1,"call":"limit","groups":{"a":{"cpus":Infinity}}}',
    b'{"id":1,"call":"limit","groups":{"a":{"cpus":-1}}}',
    b'{"id":1,"call":"limit","groups":{"a":{"memory_bytes":[1]}}}',
    b'{"id":1,"call":"limit","groups":{"../a":{}}}',
    b'{"id":1,"call":"watch_output","kept_bytes":-1}',
    b'{"id":1,"call":"watch_output","kept_bytes":1e999}',
    b'{"id":1,"call":"acknowledge_output","upto":{"a":"1"}}',
    b'{"id":1,"call":"acknowledge_output","upto":[1]}',
    b'{"id":1,"call":"shutdown"}',
    b'{"id":1,"call":"shutdown","timeout_seconds":null}',
]


def test_a_wrong_request_gets_an_error_and_harms_nothing(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    epoch = keeper.call("hello")["epoch"].encode()
    with keeper.client() as client:
        for request in WRONG:
            client.write(request.replace(b"EPOCH", epoch) + b"\n")
            assert client.line()["error"], request[:80]
        assert client.call("hello")["pid"] == keeper.pid, "the same client may go on"
    restart(keeper)
    assert keeper.running("a") == pid
    assert keeper.living() == [pid]


@pytest.mark.parametrize("greets", [True, False])
def test_it_hangs_up_at_the_first_line_that_is_no_request(keeper: RunningKeeper, *, greets: bool) -> None:
    spec = json.dumps(keeper.spec("a", *SLEEP)).encode()
    good = json.dumps({"id": 2, "call": "start", "processes": [keeper.spec("b", *SLEEP)]}).encode()
    for line in NO_REQUESTS:
        with keeper.client(greets=greets) as client:
            client.write(line.replace(b"SPEC", spec) + b"\n" + good + b"\n")
            if greets:
                assert set(client.line()) == {"refused"}, "it says why"
            assert hung_up(client), line[:80]
    assert keeper.processes() == {}
    assert keeper.living() == []


def hung_up(client: Client) -> bool:
    """Return whether the keeper hangs up without another word."""
    try:
        said = client.line()
    except (EOFError, ConnectionError):
        return True
    raise AssertionError(said)


def greeting(**changes: object) -> bytes:
    return json.dumps({"id": 1, "call": "hello", **changes}).encode() + b"\n"


def test_nobody_is_heard_who_does_not_know_the_secret(keeper: RunningKeeper) -> None:
    secret = secret_of(keeper.folder)
    start = json.dumps({"id": 2, "call": "start", "processes": [keeper.spec("a", *SLEEP)]}).encode() + b"\n"
    for shown in ("", secret[:-1], secret.upper() + " ", secret + "0", "\ud800", None, [secret], 0):
        with keeper.client(greets=False) as client:
            client.write(greeting(secret=shown) + start)
            assert "a greeting must show" in client.line()["error"]
            assert hung_up(client)
    with keeper.client(greets=False) as client:
        client.write(start + greeting(secret=secret))
        assert hung_up(client), "what comes before the greeting is not done after it"
    assert keeper.processes() == {}


def test_the_secret_is_for_the_keepers_user_alone(keeper: RunningKeeper) -> None:
    file = keeper.folder / SECRET_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    before = secret_of(keeper.folder)
    restart(keeper)
    assert secret_of(keeper.folder) == before, "a server that is connected again need not look for another"


@pytest.mark.parametrize("harm", ["removed", "empty", "open to all", "a link"])
def test_a_secret_that_cannot_be_one_is_made_anew(keeper: RunningKeeper, harm: str) -> None:
    file, before = keeper.folder / SECRET_NAME, secret_of(keeper.folder)
    if harm == "removed":
        file.unlink()
    elif harm == "empty":
        file.write_text("")
    elif harm == "open to all":
        file.chmod(0o644)
    else:
        file.rename(file.with_name("elsewhere"))
        file.symlink_to("elsewhere")
    with keeper.client(greets=False) as client:
        client.write(greeting(secret=""))
        assert "a greeting must show" in client.line()["error"]
    assert secret_of(keeper.folder) != before
    assert file.stat().st_mode & 0o777 == 0o600
    assert keeper.call("hello")["pid"] == keeper.pid


def test_one_who_does_not_greet_is_hung_up_on_and_others_are_heard_meanwhile(keeper: RunningKeeper) -> None:
    with keeper.client(greets=False) as silent, keeper.client(greets=False) as slow:
        slow.write(b'{"id": 1,')
        assert keeper.call("hello")["pid"] == keeper.pid
        assert hung_up(silent)
        assert hung_up(slow)


def test_a_greeting_without_an_end_is_cut_off(keeper: RunningKeeper) -> None:
    with keeper.client(greets=False) as client, pytest.raises(ConnectionError):
        client.write(b"x" * (80 * 1024 * 1024))
    assert keeper.call("hello")["pid"] == keeper.pid


@pytest.mark.needs("root")
def test_another_user_is_not_heard_whatever_he_knows(public: Path) -> None:
    """As when the folder's rights were opened to all by mistake."""
    with running_keeper(public / "keeper") as keeper:
        keeper.folder.chmod(0o755)
        (keeper.folder / "socket").chmod(0o777)
        said = greeting(secret=secret_of(keeper.folder))

        def unheard() -> bool:
            with contextlib.suppress(OSError), keeper.client(greets=False) as client:
                client.write(said)
                return hung_up(client)
            return True

        assert as_user(65534, unheard)
        wait_until("it says so", lambda: "it is of user 65534" in keeper.log())


def restart(keeper: RunningKeeper) -> None:
    """Have a keeper read what the one before has written down."""
    keeper.end(signal.SIGKILL)
    keeper.start()


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../../etc"},
        {"id": ""},
        {"id": ".."},
        {"id": 5},
        {"id": "a" * 300},
        {"argv": []},
        {"argv": "sleep 600"},
        {"argv": [1]},
        {"environment": {"A": 1}},
        {"labels": []},
        {"working_directory": None},
        {"group": "a/b"},
        {"group": []},
        {"family": 1},
        {"family": {}},
        {"signal_group": "yes"},
        {"once": [1]},
        {"output_file": 5},
        {"umask": 0o1000},
        {"user": 1},
        {"user": ""},
    ],
)
def test_a_wrong_spec_is_refused_and_so_are_those_beside_it(
    keeper: RunningKeeper, wrong: dict[str, object]
) -> None:
    good, bad = keeper.spec("good", *SLEEP), keeper.spec("bad", *SLEEP, **wrong)
    with keeper.client() as client:
        assert "must" in client.ask("start", processes=[good, bad])["error"]
    restart(keeper)
    assert keeper.processes() == {}


def test_a_request_may_come_in_pieces_and_many_in_one(keeper: RunningKeeper) -> None:
    with keeper.client() as client:
        for piece in (b'{"id": 5, ', b'"call"', b': "hello"}\n{"id": 6, "call": "hello"}\n{"id":'):
            client.write(piece)
        assert client.line()["id"] == 5
        assert client.line()["id"] == 6
        client.write(b' 7, "call": "hello"}\n')
        assert client.line()["id"] == 7


def test_a_client_that_goes_away_in_the_middle_does_no_harm(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    for request in (b'{"id": 1, "call"', b'{"id": 1, "call": "watch"}\n', b""):
        with keeper.client() as client:
            client.write(request)
    proc.kill(pid)
    keeper.running("a", other_than=pid)


def events_of(client: Client, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield (id, event) until each of the processes has been told of as emptied."""
    while names:
        told = client.line()
        yield told["process"]["id"], told["event"]
        if told["event"] == "emptied":
            names.discard(told["process"]["id"])


def test_one_who_watches_is_told_everything_once_and_in_order(keeper: RunningKeeper) -> None:
    with keeper.client() as watcher:
        watcher.call("watch")
        watcher.call("watch")
        keeper.run("a", *SLEEP)
        keeper.stop("a")
        told = list(events_of(watcher, {keeper.id("a")}))
    assert [event for _, event in told] == ["started", "stop_asked", "exited", "emptied"]


def test_one_who_was_away_is_told_what_happened_meanwhile(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    hello = keeper.call("hello")
    keeper.stop("a")
    keeper.gone("a")
    with keeper.client() as client:
        answer = client.call("watch", epoch=hello["epoch"], after=hello["sequence"])
        missed = [client.line() for _ in range(answer["sequence"] - hello["sequence"])]
    assert [event["event"] for event in missed] == ["stop_asked", "exited", "emptied"]
    assert [event["sequence"] for event in missed] == sorted(event["sequence"] for event in missed)


def test_one_with_the_cursor_of_another_memory_is_told_everything(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    with keeper.client() as client:
        answer = client.call("watch", epoch="another", after=1_000_000)
        assert answer["epoch"] != "another"
        assert client.line()["event"] == "started"


def test_a_watcher_that_does_not_read_is_let_go_and_costs_others_nothing(keeper: RunningKeeper) -> None:
    """Its backlog is filled by answers, which are as long as the labels that are asked back."""
    keeper.call("start", processes=[keeper.spec("a", *SLEEP, labels={"long": "x" * 4_000_000})])
    keeper.running("a")
    with keeper.client() as slow, keeper.client() as watcher:
        watcher.call("watch")
        slow.write(b'{"id": 1, "call": "watch"}\n' * 30)
        wait_until("the keeper lets it go", lambda: "client.slow" in keeper.log())
        keeper.stop("a")
        told = list(events_of(watcher, {keeper.id("a")}))
    assert [event for _, event in told][-1] == "emptied"


def test_more_clients_than_descriptors_keep_no_process_from_being_started(tmp_path: Path) -> None:
    few = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")
    with running_keeper(tmp_path / "keeper", few) as keeper, contextlib.ExitStack() as clients:
        pid = keeper.run("a", *SLEEP)
        first = clients.enter_context(keeper.client())
        for _ in range(100):
            clients.enter_context(keeper.client(greets=False))
        assert keeper.call("hello")["pid"] == keeper.pid, "who greets has a place"
        with contextlib.suppress(EOFError, OSError):
            for _ in range(100):
                clients.enter_context(keeper.client())
        wait_until("one is turned away", lambda: "client.refused" in keeper.log())
        proc.kill(pid)
        wait_until("it runs again", lambda: first.call("watch")["processes"][0]["pid"] not in {None, pid})


def test_a_request_without_an_end_is_cut_off(keeper: RunningKeeper) -> None:
    with keeper.client() as client, pytest.raises(ConnectionError):
        client.write(b"x" * (80 * 1024 * 1024))
    assert keeper.call("hello")["pid"] == keeper.pid


def test_text_of_every_kind_comes_back_as_it_was(keeper: RunningKeeper) -> None:
    labels = {"name": "żółć \u2028 \x00 \U0001f600", "lone": "\ud800"}
    keeper.call("start", processes=[keeper.spec("a", *SLEEP, labels=labels)])
    keeper.running("a")
    found = keeper.processes()[keeper.id("a")]
    assert json.dumps(found["labels"]) == json.dumps(labels)
