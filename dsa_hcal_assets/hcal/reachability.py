"""Which boards, crates and controllers were read in the newest loaded cycle of each source."""

from dataclasses import dataclass
from datetime import datetime

from dsa_hcal_assets.database.connection import Database

# One index seek a source; boards of the newest cycle only, so years of readings cost nothing.
_NEWEST = """
with newest as (
    select 'hcal' as source, max(cycle) as cycle from hcal.snapshot
    union all
    select name, (select max(cycle) from hcal.source_snapshot where source = name)
      from unnest(array['emcal', 'registers', 'supplies']) name
)
select source, cycle from newest where cycle is not null
"""
_BOARDS = """
select 'hcal', board, status from hcal.board_reading where ts = %(hcal)s
union all
select 'emcal', controller || '/' || channel, status from hcal.emcal_board_reading where ts = %(emcal)s
union all
select 'registers', board, status from hcal.register_board_reading where ts = %(registers)s
union all
select 'supplies', crate, status from hcal.supply_unit_reading where ts = %(supplies)s
"""
_SUPPLIES = """
select coalesce(state, 'not read'), count(*) from hcal.supply_reading
 where ts = %s and kind = 'mpod' group by 1
"""
SOURCES = ("hcal", "emcal", "registers", "supplies")


@dataclass(frozen=True)
class Reachability:
    """What the newest cycles say.

    Parameters
    ----------
    cycles
        Start of the newest loaded cycle (UTC) by source; a source without any is not there.
    boards
        Status (ok, partial, down, absent, unmapped) by source and board.
    supplies
        Number of channels of bias crates by state.
    """

    cycles: dict[str, datetime]
    boards: dict[tuple[str, str], str]
    supplies: dict[str, int]

    def reached(self) -> dict[tuple[str, str], bool]:
        """Return which boards gave at least something, of those that are polled."""
        return {
            key: status in ("ok", "partial")
            for key, status in self.boards.items()
            if status not in ("absent", "unmapped")
        }


def reachability(database: Database) -> Reachability:
    """Read the newest cycles.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer.
    """
    with database.transaction() as cursor:
        cursor.execute(_NEWEST)
        cycles = dict(cursor.fetchall())
        cursor.execute(_BOARDS, {source: cycles.get(source) for source in SOURCES})
        boards = {(source, board): status for source, board, status in cursor.fetchall()}
        cursor.execute(_SUPPLIES, (cycles.get("supplies"),))
        return Reachability(cycles, boards, dict(cursor.fetchall()))
