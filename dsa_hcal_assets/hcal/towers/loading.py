"""Load the controllers' snapshots of a day into the tower tables."""

from datetime import date, datetime

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.mapping.dimensions import sync_dimensions
from dsa_hcal_assets.hcal.snapshots import loading
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
from dsa_hcal_assets.hcal.towers.snapshot_tables import TowerTables
from dsa_hcal_assets.ledger import Ledger


def load_day(
    database: Database,
    ledger: Ledger,
    day: str | date,
    channel_map: ChannelMap,
    run_id: str,
    everything: bool = False,
    *,
    now: datetime | None = None,
) -> LoadReport:
    """Load the pending snapshots of a UTC day, or all of them again; see `snapshots.loading.load_day`."""
    sync_dimensions(database, channel_map)
    tables = TowerTables(channel_map)
    return loading.load_day(database, ledger, CONTROLLERS, tables, day, run_id, everything, now=now)
