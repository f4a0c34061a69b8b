"""Regions, and the addresses that connections come from, in answers (contract sheet, section 8)."""

from msgspec import Struct

from engineroom.model.applications.regions import Region


class RegionEntry(Struct):
    """One region."""

    region: Region
    label: str
    flag: str


class Regions(Struct):
    """The answer: it is no JSON:API document."""

    data: list[RegionEntry]


class Addresses(Struct):
    """The addresses that connections of applications come from."""

    ipv4: list[str]
    ipv6: list[str]
