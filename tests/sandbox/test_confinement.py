"""What a task cannot do, whatever is in the files that it reads."""

import os
import pwd
import random
import re
from pathlib import Path

import pytest

from engineroom.sandbox import TaskLimits
from tests.sandbox.asking import LIMITS, of, refused, run

pytestmark = pytest.mark.needs("root")


def status(tenant_folder: Path) -> dict[str, str]:
    printed = run("cat", "/proc/self/status", tenant=of(tenant_folder)).output.decode()
    return dict(line.split(":\t", 1) for line in printed.splitlines() if ":\t" in line)


def test_a_task_is_the_owner_of_the_folder_and_nobody_else(home: Path) -> None:
    owner = pwd.getpwnam("www-data")
    found = status(home)
    assert set(found["Uid"].split()) == {str(owner.pw_uid)}
    assert set(found["Gid"].split()) == {str(owner.pw_gid)}
    assert found["Groups"].split() == [str(owner.pw_gid)]
    assert {found[kind] for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert found["NoNewPrivs"] == "1"


def test_a_task_is_whom_the_administrator_chose(home: Path) -> None:
    assert run("id", "-un", tenant=of(home, "games")).output == b"games\n"


def test_a_task_is_never_root_by_a_link_of_another_users(home: Path) -> None:
    (home / "code").symlink_to("/root")
    assert "could have it lead elsewhere" in refused("id", tenant=of(home / "code"))


def test_a_task_of_nobody_is_told_of_in_words(home: Path) -> None:
    assert "no-such-user" in refused("id", tenant=of(home, "no-such-user"))
    assert "No such file or directory" in refused("id", tenant=of(home / "nowhere"))


def test_a_task_sees_nothing_of_the_servers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("ENGINEROOM_KEY", "secret")
    monkeypatch.setenv("PGPASSWORD", "secret")

    variables = run("env", tenant=of(home)).output.decode()
    opened = 'for n in 3 4 5 6 7 8 9; do (eval "exec <&$n") 2>/dev/null && echo "$n"; done'
    descriptors = run("sh", "-c", opened, tenant=of(home)).output.decode()

    names = re.findall(r"^(\w+)=", variables, re.MULTILINE)
    assert set(names) <= {"PATH", "LANG", "HOME", "USER", "LOGNAME", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    assert "HOME=/var/www\n" in variables
    assert descriptors == ""


def test_a_task_that_takes_too_long_is_killed_with_all_that_it_started(home: Path) -> None:
    # Nothing else on this host sleeps as long, such as this very test beside this one.
    time = random.randrange(1_000_000, 1_000_000_000)
    script = f"setsid sleep {time} & (setsid setsid sleep {time} &) ; exec sleep {time}"
    reason = refused("sh", "-c", script, tenant=of(home), limits=TaskLimits(seconds=1, processes=8))
    assert reason == "it took longer than 1 s"
    assert not any(read(process) == b"sleep\0%d\0" % time for process in Path("/proc").glob("[0-9]*/cmdline"))


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_task_that_burns_a_processor_is_killed(home: Path) -> None:
    limits = TaskLimits(seconds=120, cpu_seconds=1)
    assert "more than 1 s of a processor" in refused(
        "sh", "-c", "while :; do :; done", tenant=of(home), limits=limits
    )


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        ("head -c 300000000 /dev/zero | tail -c 299999999 | wc -c", TaskLimits(seconds=60, processes=8)),
        ("echo x > file", LIMITS),
        ("id & wait", TaskLimits(seconds=60)),
        ("exec 3<. 4<. 5<. 6<. 7<. 8<. 9<.", TaskLimits(seconds=60, open_files=8)),
    ],
    ids=["memory", "files", "processes", "descriptors"],
)
def test_a_task_takes_no_more_than_it_may(home: Path, script: str, limits: TaskLimits) -> None:
    os.chmod(home, 0o777)  # noqa: PTH101
    ran = run("sh", "-c", f"cd {home}; {script}", tenant=of(home), limits=limits)
    assert (ran.code != 0) or ran.output in (b"", b"0\n")
    assert b"299999999" not in ran.output
    assert [path.stat().st_size for path in home.iterdir()] in ([], [0])


def test_an_answer_that_never_ends_is_cut_off(home: Path) -> None:
    assert "printed more than" in refused("cat", "/dev/zero", tenant=of(home))


def test_a_program_that_is_not_there_is_told_of_in_words(home: Path) -> None:
    assert refused("no-such-program", tenant=of(home)) == "no-such-program cannot be executed in /"


def test_a_program_reads_what_it_is_given(home: Path) -> None:
    given = b"x" * 3_000_000
    ran = run("wc", "-c", tenant=of(home), given=given)
    assert ran.output.strip() == str(len(given)).encode()
