"""Contract sheet, section 8."""

import ipaddress

from tests.support.api import Api


def test_the_regions_are_listed_in_the_recorded_order(api: Api) -> None:
    answer = api.get("/api/meta/regions")

    assert answer.headers["content-type"] == "application/json"
    regions = answer.json()["data"]
    assert regions[2] == {"region": "eu-central-1", "label": "EU Central (Frankfurt)", "flag": "germany"}
    assert [region["region"] for region in regions] == (
        "us-east-2 us-east-1 eu-central-1 eu-west-1 eu-west-2 ap-southeast-1 ap-southeast-2 ca-central-1 me-central-1"
    ).split()


def test_the_addresses_are_a_bare_object_by_region(api: Api) -> None:
    answer = api.get("/api/ip")

    assert answer.headers["content-type"] == "application/json"
    assert len(answer.json()) == 9
    for of_region in answer.json().values():
        assert list(of_region) == ["ipv4", "ipv6"]
        assert all(ipaddress.IPv4Address(address) for address in of_region["ipv4"])
        assert all(ipaddress.IPv6Network(network).prefixlen == 56 for network in of_region["ipv6"])


def test_the_organization_is_found_by_its_slug(api: Api) -> None:
    found = api.get("/api/organizations/default").json()["data"]
    assert (found["type"], found["attributes"]["name"]) == ("organizations", "Default")
    assert api.get("/api/organizations/other").status_code == 404
