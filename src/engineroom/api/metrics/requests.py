"""What a request for metrics may ask for."""

from enum import StrEnum

from pydantic import BaseModel


class Period(StrEnum):
    """How far a chart reaches back."""

    SIX_HOURS = "6h"
    DAY = "24h"
    THREE_DAYS = "3d"
    WEEK = "7d"
    MONTH = "30d"


_HOUR = 3600
SPANS = {
    Period.SIX_HOURS: (6 * _HOUR, 30),
    Period.DAY: (24 * _HOUR, 120),
    Period.THREE_DAYS: (72 * _HOUR, 600),
    Period.WEEK: (7 * 24 * _HOUR, 900),
    Period.MONTH: (30 * 24 * _HOUR, _HOUR),
}
"""How long each is, and how far its points are apart, in seconds; a day's are two minutes in the contract."""


class MetricsFields(BaseModel):
    """The parameters of a query for metrics."""

    period: Period = Period.DAY
