"""Keys are made once, rotated without losing anything, and what alone cannot be read concerns nothing else."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select, text

from engineroom.control.folders.links import Linked, link
from engineroom.model.applications.unreadable import Unreadable
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.store import Store
from engineroom.store.encryption.encrypted import Encrypted
from engineroom.store.engine import reencryption
from engineroom.store.queries import environment_variables, environments
from engineroom.store.schema.tables import commands, metadata
from engineroom.store.schema.tables import environment_variables as environment_variables_table
from tests.store.encryption.test_encryption import stored, values
from tests.support.databases import Database, new_sqlite
from tests.support.waiting import patient

ENCRYPTED = {
    "environment_variables": "value",
    "deployed_variables": "value",
    "commands": "output",
}

FIRST_COMMAND = """
import asyncio, sys
from pathlib import Path
from engineroom.control.folders.links import link
from engineroom.store import Store
folder, number = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.read()
store = Store.open(folder / "engineroom.db")
asyncio.run(link(store, folder, f"Shop {number}", {"NUMBER": number}))
store.close()
"""

ROTATE = """
import sys
from pathlib import Path
from engineroom.store import Store
store = Store.open(Path(sys.argv[1]) / "engineroom.db")
store.rotate_key()
store.close()
"""

KILLED_ANYWHERE = """
import asyncio, os, signal, sys
from pathlib import Path
from engineroom.control.folders.links import link
from engineroom.model.ids import EnvironmentId
from engineroom.store import Store
from engineroom.store.queries import environment_variables

folder = Path(sys.argv[1])
file = folder / "engineroom.db"
store = Store.open(file)
linked = asyncio.run(link(store, folder, "Shop", {"A": "1", "B": "2"}))
store.close()

WATCHED = ("store/encryption/key_file.py", "store/engine/reencryption.py", "store/engine/store.py")
before = {path: path.read_bytes() for path in (file, folder / "secrets.key")}

def rotate(last):
    seen = 0
    def line(frame, event, argument):
        nonlocal seen
        if not frame.f_code.co_filename.endswith(WATCHED):
            return None
        if event == "line":
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return line
    opened = Store.open(file)
    sys.settrace(line)
    opened.rotate_key()
    sys.settrace(None)
    opened.close()
    os._exit(0)

last, status = 0, None
while status != 0:
    last += 1
    for path in folder.iterdir():
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    child = os.fork()
    if child == 0:
        rotate(last)
    _, status = os.waitpid(child, 0)
    opened = Store.open(file)
    read = asyncio.run(opened.read(lambda c: environment_variables.newest(c, [linked.environment])))
    found = [variable.value for variable in read[linked.environment]]
    assert found == ["1", "2"], (last, found)
    opened.close()
print(last)
"""


def fill_every_encrypted_column(store: Store, linked: Linked) -> dict[str, list[str]]:
    def write(connection: Connection) -> None:
        [environment] = environments.some_of_any(connection, [linked.environment])
        environment_variables.put(connection, environment, environment.variables, deployed=False)
        connection.execute(
            insert(commands).values(
                id="comm-1",
                environment_id=linked.environment,
                operation_id="operation-1",
                command="true",
                output="the output",
                status="command.success",
                created_at=datetime.now(UTC),
            )
        )

    asyncio.run(store.write(write))
    return {"environment_variables": ["1", "2"], "deployed_variables": ["1", "2"], "commands": ["the output"]}


def write_variable(store: Store, linked: Linked, position: int, value: str) -> None:
    row = {"environment_id": linked.environment, "position": position, "key": "K", "value": value}
    asyncio.run(
        store.write(lambda connection: connection.execute(insert(environment_variables_table).values(row)))
    )


def read_all(store: Store) -> dict[str, list[str]]:
    def read(connection: Connection) -> dict[str, list[str]]:
        return {
            name: list(
                connection.execute(
                    select(metadata.tables[name].c[column]).order_by(*metadata.tables[name].primary_key)
                ).scalars()
            )
            for name, column in ENCRYPTED.items()
        }

    return asyncio.run(store.read(read))


def marks(store: Store, table: str) -> list[str]:
    statement = text(f"SELECT {ENCRYPTED[table]} FROM {table}")
    rows = asyncio.run(store.read(lambda connection: list(connection.execute(statement).scalars())))
    return [row[:13] for row in rows]


def spoil(store: Store, position: int) -> None:
    statement = text(
        "UPDATE environment_variables SET value = substr(value, 1, 40) || 'AAAA' || substr(value, 45) "
        "WHERE position = :position"
    )
    asyncio.run(store.write(lambda connection: connection.execute(statement, {"position": position})))


def test_rotations_in_a_row_lose_no_secret_of_any_column_nor_what_a_server_at_work_encrypts(
    store: Store, database: Database, linked: Linked
) -> None:
    other = database.open()
    secrets = fill_every_encrypted_column(store, linked)
    before = other.rotate_key()
    for turn in range(3):
        # The server that was there before encrypts with the newest key, as it finds that the file was changed.
        write_variable(store, linked, 10 + turn, f"of turn {turn}")
        secrets["environment_variables"].append(f"of turn {turn}")
        assert not other.rotate_key().unreadable

    assert before.count == 5
    assert {mark for table in secrets for mark in marks(store, table)} == {marks(store, "commands")[0]}
    assert read_all(store) == secrets
    other.close()
    again = database.open()
    assert read_all(again) == secrets
    again.close()


def test_which_columns_are_encrypted_is_told_by_their_type() -> None:
    assert {str(column) for column in reencryption.columns()} == {
        str(column)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Encrypted)
    }
    assert len(list(reencryption.columns())) >= len(ENCRYPTED)


def test_rotation_names_what_cannot_be_read_and_encrypts_the_rest(
    store: Store, database: Database, linked: Linked
) -> None:
    spoil(store, 0)
    other = database.open()
    reencrypted = other.rotate_key()
    other.close()

    assert reencrypted.count == 1
    assert len(reencrypted.unreadable) == 1
    assert reencrypted.unreadable[0].startswith(
        f"environment_variables.value of {linked.environment}, 0: cannot read"
    )


def test_a_value_that_cannot_be_read_says_so_in_its_place_and_is_kept_as_it_is(
    store: Store, linked: Linked
) -> None:
    spoil(store, 0)
    spoiled = stored(store)[0]

    first, second = values(store, linked.environment)
    assert isinstance(first, Unreadable)
    assert "it was changed after it was encrypted; enter it again" in first
    assert second == "2"

    # What is written around it leaves it as it is.
    def add_one(connection: Connection) -> None:
        [environment] = environments.some_of_any(connection, [linked.environment])
        new = (*environment.variables, EnvironmentVariable(key="C", value="3"))
        environment_variables.put(connection, environment, new, deployed=True)

    asyncio.run(store.write(add_one))
    assert stored(store)[0] == spoiled
    assert values(store, linked.environment)[1:] == ["2", "3"]


def test_keys_that_were_removed_under_a_server_are_put_back_before_anything_is_encrypted(
    store: Store, database: Database, linked: Linked
) -> None:
    key = database.keys.read_text()
    database.keys.unlink()

    write_variable(store, linked, 2, "3")

    assert database.keys.read_text() == key
    again = database.open()
    assert values(again, linked.environment) == ["1", "2", "3"]
    again.close()


def test_of_many_first_commands_at_once_one_makes_the_key_and_all_use_it(tmp_path: Path) -> None:
    made = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_COMMAND, str(tmp_path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(8)
    ]
    for each in made:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in made:
        assert each.stdin is not None
        each.stdin.close()
    said = []
    for each in made:
        assert each.stdout is not None
        said.append(each.stdout.read())
        each.stdout.close()
        assert each.wait(timeout=patient(60)) == 0, said[-1]

    assert len((tmp_path / "secrets.key").read_text().split()) == 1
    assert [path.name for path in tmp_path.glob("secrets.key*")] == ["secrets.key"]
    store = Store.open(tmp_path / "engineroom.db")
    assert sorted(stored(store)) != []
    assert not any(isinstance(value, Unreadable) for value in read_all(store)["environment_variables"])
    assert sorted(read_all(store)["environment_variables"]) == [str(number) for number in range(8)]
    store.close()


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    database = new_sqlite(tmp_path)
    store = database.open()
    linked = asyncio.run(link(store, tmp_path, "Shop", {"A": "1", "B": "2"}))
    turns = [
        subprocess.Popen([sys.executable, "-c", ROTATE, str(database.keys.parent)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    for each in turns:
        each.communicate(timeout=patient(60))
        assert each.returncode == 0
    assert len(database.keys.read_text().split()) == 5
    assert values(store, linked.environment) == ["1", "2"]
    store.close()


def test_a_rotation_that_is_killed_at_any_line_loses_nothing(tmp_path: Path) -> None:
    new_sqlite(tmp_path)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_ANYWHERE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=patient(120),
    )
    assert killed.returncode == 0, killed.stdout + killed.stderr
    assert int(killed.stdout) > 40
