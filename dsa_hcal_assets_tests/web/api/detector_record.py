"""A detector's day of every kind, for tests of the routes that read it."""

from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.supplies.loading import load_day
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.supply_map import load_supply_map
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal.loaded_day import load_emcal, load_hcal
from dsa_hcal_assets_tests.hcal.supplies import scene


def load_detector(database: Database, place: Path) -> None:
    """Load two hours of HCal (see `load_hcal`), EMCal (`load_emcal`) and three minutes of supplies."""
    ledger = Ledger(database, place / "quarantine")
    load_hcal(database, ledger, place / "hcal", load_channel_map())
    load_emcal(database, ledger, place / "emcal")
    scene.land(place / "supplies", *(scene.snapshot(number) for number in range(3)))
    scan(place / "supplies", ledger, SUPPLIES)
    load_day(database, ledger, scene.DAY, load_supply_map(), "run-1")
