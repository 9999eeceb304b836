"""Voltage or current of one supply channel over a span, in a bounded number of points."""

from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg2 import sql

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.access.series import Series, points_of_readings
from dsa_hcal_assets.hcal.access.telemetry import NoQuantity
from dsa_hcal_assets.hcal.supplies.readers import READING_COLUMNS
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES

LONGEST = timedelta(days=31)
"""Readings lie by time, all channels of a minute together: each one costs a seek in the key."""

_READINGS = sql.SQL("""
select s.cycle as ts, r.{quantity} as value
from hcal.source_snapshot s
cross join lateral (
    select * from hcal.supply_reading r
    where r.ts = s.cycle and r.crate = {crate} and r.slot = {slot} and r.channel = {channel} offset 0
) r
where s.source = {source} and s.cycle >= {start} and s.cycle < {end}
""")


class TooLong(PermanentError):
    """A span that would cost too many seeks."""


class SupplyChannel(NamedTuple):
    """A channel of a crate or meter, as `hcal.supply_reading` names it."""

    crate: str
    slot: int
    channel: int


def supply_series(
    database: Database, supply: SupplyChannel, quantity: str, start: datetime, end: datetime, most_points: int
) -> Series:
    """Return v_set, v_meas (V), i_limit or i_meas (A) of a channel in [start, end).

    Raises
    ------
    NoQuantity
        If supplies have no such quantity.
    TooLong
        If the span is longer than `LONGEST`.
    """
    if quantity not in READING_COLUMNS:
        raise NoQuantity(
            f"supplies have no {quantity!r}", expected=", ".join(READING_COLUMNS), found=quantity
        )
    if end - start > LONGEST:
        raise TooLong(
            "a span of one supply channel is too long",
            expected=f"at most {LONGEST.days} days",
            found=f"{end - start}",
        )
    source = _READINGS.format(
        quantity=sql.Identifier(quantity),
        source=sql.Literal(SUPPLIES.name),
        start=sql.Literal(require_utc(start)),
        end=sql.Literal(require_utc(end)),
        **{name: sql.Literal(value) for name, value in supply._asdict().items()},
    )
    return points_of_readings(database, source, start, end, most_points)
