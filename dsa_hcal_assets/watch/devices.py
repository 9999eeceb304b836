"""Devices of the detector that do not answer, and supplies that tripped.

Silent controllers of the hadronic calorimeter are anomalies and told as such (hcal/anomalies).
"""

from datetime import datetime, timedelta

from psycopg2 import sql

from dsa_hcal_assets.alerts import Severity
from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.mapping.geometry import sector_label
from dsa_hcal_assets.watch.condition import Condition

# what is polled, by the table that says how each device answered: its column, its name for people
DEVICES = {
    "emcal_board_reading": ("controller", "EMCal controller"),
    "register_board_reading": ("board", "register board"),
    "supply_unit_reading": ("crate", "power supply"),
}
# cycles differ between devices of one table: each one's own newest count
_SILENT = sql.SQL("""
select device, min(ts), max(what)
  from (select {device} as device, ts, bool_and(status = 'down') as down, max(error ->> 'what') as what,
               row_number() over (partition by {device} order by ts desc) as back
          from hcal.{table} where ts > %(oldest)s and ts <= %(now)s group by {device}, ts) answers
 where back <= %(cycles)s
 group by device having count(*) >= %(cycles)s and bool_and(down) order by device
""")
_TRIPPED = """
select crate, slot, channel, hcal_sector, ts
  from (select distinct on (crate, slot, channel) crate, slot, channel, hcal_sector, state, ts
          from hcal.supply_reading where ts > %(oldest)s and ts <= %(now)s
         order by crate, slot, channel, ts desc) newest
 where state = 'Tripped' order by crate, slot, channel
"""


def silent_devices(database: Database, now: datetime, *, cycles: int, max_age: timedelta) -> list[Condition]:
    """Return the devices of which nothing was read in their newest `cycles` cycles.

    Parameters
    ----------
    max_age
        Older readings say nothing about now.
    """
    window = {"now": require_utc(now), "oldest": now - max_age, "cycles": cycles}
    found = []
    for table, (column, kind) in DEVICES.items():
        query = _SILENT.format(device=sql.Identifier(column), table=sql.Identifier(table))
        with database.transaction() as cursor:
            cursor.execute(query, window)
            rows = cursor.fetchall()
        found += [
            Condition(
                f"{table}:{device}",
                Severity.ERROR,
                "acquisition",
                f"{kind} {device} does not answer",
                f"Nothing was read in its last {cycles} cycles, since {since:%Y-%m-%d %H:%M:%S} UTC"
                + (f": {what}" if what else "."),
                source="hcal",
            )
            for device, since, what in rows
        ]
    return found


def tripped_supplies(database: Database, now: datetime, *, max_age: timedelta) -> list[Condition]:
    """Return the supply channels whose newest reading says that they tripped."""
    return [
        Condition(
            f"{crate}:{slot}:{channel}",
            Severity.ERROR,
            "trip",
            f"supply {crate} slot {slot} channel {channel} tripped"
            + ("" if sector is None else f": sector {sector_label(sector)} has no bias"),
            f"Read at {ts:%Y-%m-%d %H:%M:%S} UTC.",
            source="hcal",
            details={"crate": crate, "slot": slot, "channel": channel},
        )
        for crate, slot, channel, sector, ts in database.rows(
            _TRIPPED, {"now": require_utc(now), "oldest": now - max_age}
        )
    ]
