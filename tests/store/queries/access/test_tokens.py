from sqlalchemy import Connection

from engineroom.model.ids import new_organization_id, new_token_id
from engineroom.model.token import Ability
from engineroom.store.queries.access import tokens
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_token


def test_a_token_is_found_by_the_hash_of_its_secret_alone(connection: Connection, shop: Shop) -> None:
    token = a_token(
        shop.organization,
        abilities=frozenset(Ability),
        applications=frozenset({shop.application.id}),
        created_at=NOW,
        expires_at=NOW + SECOND,
    )
    tokens.add(connection, token, "a" * 64)
    assert tokens.authenticated(connection, "a" * 64) == token
    assert tokens.authenticated(connection, "b" * 64) is None


def test_limited_to_no_application_is_not_unlimited(connection: Connection, shop: Shop) -> None:
    none = a_token(shop.organization, applications=frozenset())
    unlimited = a_token(shop.organization)
    tokens.add(connection, none, "a" * 64)
    tokens.add(connection, unlimited, "b" * 64)
    assert tokens.get(connection, none.id).applications == frozenset()
    assert tokens.get(connection, unlimited.id).applications is None


def test_tokens_are_listed_oldest_first_for_their_organization(connection: Connection, shop: Shop) -> None:
    second = a_token(shop.organization, created_at=NOW + SECOND)
    first = a_token(shop.organization, created_at=NOW)
    tokens.add(connection, second, "2" * 64)
    tokens.add(connection, first, "1" * 64)
    other = new_organization_id()
    assert tokens.everyone(connection, shop.organization) == [first, second]
    assert list(tokens.page(connection, shop.organization, 1).items) == [first, second]
    assert tokens.find(connection, shop.organization, first.id) == first
    assert tokens.everyone(connection, other) == []
    assert tokens.find(connection, other, first.id) is None


def test_a_token_is_revoked_by_its_organization_once(connection: Connection, shop: Shop) -> None:
    token = a_token(shop.organization)
    tokens.add(connection, token, "a" * 64)
    assert not tokens.revoke(connection, new_organization_id(), token.id)
    assert tokens.exists(connection, token.id)
    assert tokens.revoke(connection, shop.organization, token.id)
    assert not tokens.revoke(connection, shop.organization, token.id)
    assert not tokens.exists(connection, token.id)
    assert tokens.authenticated(connection, "a" * 64) is None


def test_its_use_is_noted_and_that_of_a_revoked_one_is_not(connection: Connection, shop: Shop) -> None:
    token = a_token(shop.organization)
    tokens.add(connection, token, "a" * 64)
    tokens.note_use(connection, token.id, NOW)
    tokens.note_use(connection, new_token_id(), NOW)
    assert tokens.get(connection, token.id).last_used_at == NOW
