"""The UTC day as the interval that queries need."""

from datetime import UTC, date, datetime, timedelta


def bounds(day: str | date) -> tuple[datetime, datetime]:
    """Return the half-open interval [start, end) of a UTC day given as ``YYYY-MM-DD`` or date."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start, start + timedelta(days=1)
