"""Days of the EMCal, loaded."""

import pytest

from dsa_hcal_assets.hcal.emcal.board_layout import load_board_layout
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.emcal.tables import EmcalTables, load_day
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets_tests.hcal.emcal import calorimeter


@pytest.fixture(scope="session")
def tables():
    return EmcalTables(load_board_map(), load_board_layout())


@pytest.fixture
def emcal_incoming(tmp_path):
    return tmp_path / "incoming" / "emcal"


@pytest.fixture
def load(database, ledger, emcal_incoming, tables):
    """Let snapshots land, accept and load the day."""

    def load(*snapshots, day=calorimeter.DAY, **options):
        calorimeter.land(emcal_incoming, *snapshots)
        scan(emcal_incoming, ledger, EMCAL)
        return load_day(database, ledger, day, options.pop("tables", tables), "run-1", **options)

    return load
