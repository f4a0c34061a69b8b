"""Regions: where an application says that it runs (contract sheet, sections 5 and 8). Here all of them are this host."""

from dataclasses import dataclass
from enum import StrEnum


class Region(StrEnum):
    """Contract sheet, section 5."""

    US_EAST_2 = "us-east-2"
    US_EAST_1 = "us-east-1"
    CA_CENTRAL_1 = "ca-central-1"
    EU_CENTRAL_1 = "eu-central-1"
    EU_WEST_1 = "eu-west-1"
    EU_WEST_2 = "eu-west-2"
    ME_CENTRAL_1 = "me-central-1"
    AP_SOUTHEAST_1 = "ap-southeast-1"
    AP_SOUTHEAST_2 = "ap-southeast-2"
    AP_NORTHEAST_1 = "ap-northeast-1"


@dataclass(frozen=True, slots=True)
class OfferedRegion:
    """A region as clients show it."""

    region: Region
    label: str
    flag: str


OFFERED = (
    OfferedRegion(Region.US_EAST_2, "US East (Ohio)", "us"),
    OfferedRegion(Region.US_EAST_1, "US East (Virginia)", "us"),
    OfferedRegion(Region.EU_CENTRAL_1, "EU Central (Frankfurt)", "germany"),
    OfferedRegion(Region.EU_WEST_1, "EU West (Ireland)", "ireland"),
    OfferedRegion(Region.EU_WEST_2, "EU West (London)", "uk"),
    OfferedRegion(Region.AP_SOUTHEAST_1, "Asia Pacific (Singapore)", "singapore"),
    OfferedRegion(Region.AP_SOUTHEAST_2, "Asia Pacific (Sydney)", "australia"),
    OfferedRegion(Region.CA_CENTRAL_1, "Canada (Central)", "canada"),
    OfferedRegion(Region.ME_CENTRAL_1, "Middle East (UAE)", "uae"),
)
"""The regions that are listed, in the recorded order (contract sheet, section 8)."""
