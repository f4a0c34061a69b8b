import pytest

from engineroom.model.applications.repository import full_name


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/acme/shop.git",
        "https://github.com/acme/shop",
        "https://github.com/acme/shop/",
        "https://ann:secret@github.com/acme/shop.git",
        "https://x-access-token:ghs_secret@github.com:443/acme/shop.git?token=secret#secret",
        "git@github.com:acme/shop.git",
        "github.com:acme/shop",
        "deploy@git.example.com:/acme/shop.git",
        "ssh://git@github.com:22/acme/shop.git",
        "git+ssh://git@github.com/acme/shop.git",
        "git://github.com/acme/shop.git",
        "https://github.com/%61cme/shop.git",
    ],
)
def test_a_repository_is_named_as_its_owner_and_itself_without_host_and_credentials(remote: str) -> None:
    assert full_name(remote) == "acme/shop"


def test_groups_between_owner_and_name_stay() -> None:
    assert full_name("git@gitlab.com:acme/teams/web/shop.git") == "acme/teams/web/shop"


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/srv/git/acme/shop.git",
        "../shop",
        "acme/shop",
        "file:///srv/git/acme/shop.git",
        "ext::sh -c 'touch /tmp/x' acme/shop",
        "https://github.com/shop.git",
        "https://github.com/acme/../shop",
        "https://github.com/acme/sh\nop",
        "https://github.com/acme/shop%0A",
        "https://github.com/acme/%FFshop",
        "https://github.com/ac me/shop",
        "https://[github.com/acme/shop",
        "https:///acme/shop",
        "git@github.com:" + "a" * 251 + "/shop.git",
        "javascript://github.com/acme/shop",
    ],
)
def test_what_names_no_owner_is_no_repository(remote: str) -> None:
    assert full_name(remote) is None
