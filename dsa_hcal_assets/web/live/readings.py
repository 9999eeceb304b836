"""Topic ``readings``: the newest detector cycle by half-sector, and the rig's newest reading."""

from dataclasses import asdict
from typing import Any

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import newest
from dsa_hcal_assets.hcal.newest import Cycle
from dsa_hcal_assets.rig import readers as rig


class Readings:
    """Reads the topic; half-sectors only when there is a new cycle, or one was loaded or judged again."""

    def __init__(self) -> None:
        self._cycle: Cycle | None = None
        self._hcal: dict[str, Any] | None = None

    def __call__(self, database: Database) -> dict[str, Any]:
        """Return the state of the topic."""
        with database.transaction() as cursor:
            hcal = self._detector(cursor)
        reading = rig.newest_reading(database)
        return {"hcal": hcal, "rig": None if reading is None else asdict(reading)}

    def _detector(self, cursor: Cursor) -> dict[str, Any] | None:
        cycle = newest.newest_cycle(cursor)
        if cycle != self._cycle:
            self._hcal = (
                None
                if cycle is None
                else {**asdict(cycle), "half_sectors": asdict(newest.half_sectors(cursor, cycle.cycle))}
            )
            self._cycle = cycle
        return self._hcal
