"""Which time is asked for: a UTC day as `date`, or a span as `start` and `end`."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import HTTPException, Query

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.web.parameters import Instant

# Without a pattern: what is no day is answered 400, as users of the older rig's API know it, not 422.
DayText = Annotated[str | None, Query(description="UTC day, YYYY-MM-DD", examples=["2025-06-05"])]
Start = Annotated[Instant, Query(description="First time that counts, ISO 8601 with its zone")]
End = Annotated[Instant, Query(description="First time that no longer counts, ISO 8601 with its zone")]
BAD_DAY: dict[int | str, dict[str, Any]] = {400: {"description": "`date` is no day written YYYY-MM-DD"}}
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Span(NamedTuple):
    """From `start` on until before `end`, UTC."""

    start: datetime
    end: datetime


def day_of(text: str) -> date:
    """Return the day that a parameter says.

    Raises
    ------
    HTTPException
        400 if it says none between 1900 and 2200.
    """
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        raise HTTPException(400, "date: a day between 1900 and 2200 is expected, written YYYY-MM-DD")
    return day


def whole_day(day: date) -> Span:
    """Return a UTC day as a span."""
    return Span(*bounds(day))


def span_or_week(start: datetime | None, end: datetime | None) -> Span:
    """Return the span between two times; by default the week before the end, and until now.

    Raises
    ------
    HTTPException
        422 unless the end is later.
    """
    # an hour ahead: clocks of others may be fast
    until = end or utc_now() + timedelta(hours=1)
    return span_of(start or until - timedelta(days=7), until)


def span_of(start: datetime, end: datetime) -> Span:
    """Return the span between two times.

    Raises
    ------
    HTTPException
        422 unless the second is later.
    """
    if end <= start:
        raise HTTPException(422, "end: a time after `start` is expected")
    return Span(start.astimezone(UTC), end.astimezone(UTC))
