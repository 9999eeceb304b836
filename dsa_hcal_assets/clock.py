"""Time as the platform keeps it: UTC, timezone-aware, one spelling for days and group keys."""

from datetime import UTC, datetime

KEY_FORMAT = "%Y-%m-%dT%H:%M:%S"


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def require_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; a naive time is refused because its zone is anyone's guess.

    Raises
    ------
    ValueError
        If `moment` carries no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"naive time {moment.isoformat()}: an aware UTC time is required")
    return moment.astimezone(UTC)


def day_key(moment: datetime) -> str:
    """Return the UTC day of `moment` as ``YYYY-MM-DD``, the partition key of daily assets."""
    return require_utc(moment).date().isoformat()


def group_key(moment: datetime) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SS`` (UTC, truncated to the second), the key of a group."""
    return require_utc(moment).strftime(KEY_FORMAT)


def parse_group_key(key: str) -> datetime:
    """Return the aware UTC time a group key stands for.

    Raises
    ------
    ValueError
        If `key` is not of the form ``YYYY-MM-DDTHH:MM:SS``.
    """
    return datetime.strptime(key, KEY_FORMAT).replace(tzinfo=UTC)
