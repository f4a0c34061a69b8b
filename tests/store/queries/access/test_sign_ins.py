import pytest
from sqlalchemy import Connection

from engineroom.model.token import Token
from engineroom.store.queries.access import sign_ins, tokens
from engineroom.store.queries.access.sign_ins import SignIn
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_token

SESSION, CODE = "s" * 64, "c" * 64
WAITING = SignIn(session_hash=SESSION, port=4711, expires_at=NOW + SECOND)


@pytest.fixture
def token(connection: Connection, shop: Shop) -> Token:
    new = a_token(shop.organization)
    tokens.add(connection, new, "t" * 64)
    sign_ins.add(connection, WAITING)
    return new


def test_a_session_waits_until_somebody_has_proved_himself(connection: Connection, token: Token) -> None:
    assert sign_ins.find(connection, SESSION) == WAITING
    assert sign_ins.find(connection, "x" * 64) is None
    assert sign_ins.prove(connection, SESSION, token.id, CODE)
    assert sign_ins.find(connection, SESSION) is None


def test_nobody_can_prove_himself_in_a_session_after_another(connection: Connection, token: Token) -> None:
    assert sign_ins.prove(connection, SESSION, token.id, CODE)
    assert not sign_ins.prove(connection, SESSION, token.id, "d" * 64)
    assert not sign_ins.prove(connection, "x" * 64, token.id, "d" * 64)
    assert sign_ins.take(connection, "d" * 64) is None


def test_a_code_is_good_for_once(connection: Connection, token: Token) -> None:
    assert sign_ins.take(connection, CODE) is None
    sign_ins.prove(connection, SESSION, token.id, CODE)
    taken = sign_ins.take(connection, CODE)
    assert taken is not None
    assert (taken.token_id, taken.port) == (token.id, 4711)
    assert sign_ins.take(connection, CODE) is None


def test_a_sign_in_ends_with_the_token_that_it_was_proved_with(connection: Connection, token: Token) -> None:
    sign_ins.prove(connection, SESSION, token.id, CODE)
    tokens.revoke(connection, token.organization_id, token.id)
    assert sign_ins.take(connection, CODE) is None


def test_what_has_expired_is_pruned_and_the_rest_is_counted(connection: Connection, token: Token) -> None:
    del token
    sign_ins.add(connection, SignIn(session_hash="o" * 64, port=1, expires_at=NOW - SECOND))
    assert sign_ins.prune(connection, NOW) == 1
    assert sign_ins.find(connection, "o" * 64) is None
    assert sign_ins.prune(connection, NOW + 2 * SECOND) == 0
