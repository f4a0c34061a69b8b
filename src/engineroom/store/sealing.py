"""The secrets in the database, as they are sealed: whether their keys are there, and sealing them anew."""

from sqlalchemy import Connection, Text, bindparam, func, select, type_coerce, update

from engineroom.store.secrets import KEY_ID_LENGTH, Keyring
from engineroom.store.tables import environment_variables

_VALUE = type_coerce(environment_variables.c.value, Text)
_KEY_IDS = select(func.substr(_VALUE, len("er1:") + 1, KEY_ID_LENGTH)).distinct()
_OLD = select(environment_variables).where(_VALUE.not_like(bindparam("mark"), escape="/"))
_RESEAL = (
    update(environment_variables)
    .where(
        environment_variables.c.environment_id == bindparam("of_environment_id"),
        environment_variables.c.position == bindparam("at_position"),
    )
    .values(value=bindparam("text"))
)


def key_ids(connection: Connection) -> list[str]:
    """Return the ids of the keys with which something is sealed."""
    return list(connection.execute(_KEY_IDS).scalars())


def reseal(connection: Connection, keyring: Keyring) -> int:
    """Seal with the first key whatever is sealed with another one; return how many secrets that were."""
    rows = connection.execute(_OLD, {"mark": f"{keyring.current_mark}%"}).all()
    if rows:
        connection.execute(
            _RESEAL,
            [
                {"of_environment_id": row.environment_id, "at_position": row.position, "text": row.value}
                for row in rows
            ],
        )
    return len(rows)
