from sqlalchemy import Connection

from engineroom.store.queries import avatars
from engineroom.store.queries.avatars import Avatar
from tests.store.queries.shop import Shop

FIRST = Avatar(digest="1", media_type="image/png", content=b"\x89PNG\x00\xff")
SECOND = Avatar(digest="2", media_type="image/webp", content=b"RIFF")


def test_a_picture_is_found_by_its_digest_until_another_takes_its_place(
    connection: Connection, shop: Shop
) -> None:
    application = shop.application.id
    avatars.put(connection, application, FIRST)
    assert avatars.find(connection, application, "1") == FIRST
    assert avatars.find(connection, application, "2") is None

    avatars.put(connection, application, SECOND)
    assert avatars.find(connection, application, "1") is None
    assert avatars.find(connection, application, "2") == SECOND


def test_a_picture_can_be_removed_again_and_again(connection: Connection, shop: Shop) -> None:
    avatars.put(connection, shop.application.id, FIRST)
    avatars.remove(connection, shop.application.id)
    avatars.remove(connection, shop.application.id)
    assert avatars.find(connection, shop.application.id, "1") is None
