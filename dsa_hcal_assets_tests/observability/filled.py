"""A database that holds something of everything: radio groups, detector cycles, rig days, up to now.

Values are plain functions of place and time, so that tests can say what a query must find. Made by the
server itself: a year of groups takes minutes, what the tests need a second.
"""

from datetime import datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.dimensions import sync_dimensions as sync_emcal
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.mapping.dimensions import sync_dimensions

CADENCE = timedelta(seconds=309)
CYCLE = timedelta(minutes=10)
PROCESSING_SECONDS = 6 * 20
"""First stage to report of every group."""

KINDS = (
    "uvh5_group",
    "measurement_set",
    "flags",
    "calibration_tables",
    "continuum_image",
    "radio_qa_report",
    "quicklook_image",
)
"""Products of every group, in order: each takes 20 s and follows the one before."""


def fill(
    database: Database, now: datetime, *, groups: int = 40, cycles: int = 12, emcal_sectors: int = 1
) -> None:
    """Fill an empty, migrated database with what led up to `now`."""
    sync_dimensions(database, load_channel_map())
    sync_emcal(database, load_board_map())
    values = {
        "now": now,
        "groups": groups,
        "cycles": cycles,
        "kinds": list(KINDS),
        "emcal_sectors": emcal_sectors,
    }
    for name in ("filled_radio.sql", "filled_detector.sql", "filled_rig.sql"):
        statements = Path(__file__).with_name(name).read_text(encoding="utf-8")
        with database.transaction() as cursor:
            cursor.execute(statements, values)
