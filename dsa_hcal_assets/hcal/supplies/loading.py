"""Load the supplies' snapshots of a day into their tables."""

from datetime import date, datetime

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.snapshots import loading
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.supply_map import SupplyMap
from dsa_hcal_assets.hcal.supplies.supply_tables import SupplyTables
from dsa_hcal_assets.ledger import Ledger


def load_day(
    database: Database,
    ledger: Ledger,
    day: str | date,
    supply_map: SupplyMap,
    run_id: str,
    everything: bool = False,
    *,
    now: datetime | None = None,
) -> LoadReport:
    """Load the pending snapshots of a UTC day, or all of them again; see `snapshots.loading.load_day`."""
    tables = SupplyTables(supply_map)
    return loading.load_day(database, ledger, SUPPLIES, tables, day, run_id, everything, now=now)
