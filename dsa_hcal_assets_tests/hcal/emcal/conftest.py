"""Days of the EMCal, loaded."""

from contextlib import closing

import psycopg2
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.emcal.board_layout import load_board_layout
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.emcal.tables import EmcalTables, load_day
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.ledger import Ledger
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


@pytest.fixture(scope="session")
def emcal_day(server, migrated_template, tables, tmp_path_factory):
    """A day of four snapshots, for tests that only read: sector 40 down in the first, a cycle missing."""
    with closing(psycopg2.connect(server.url("postgres"), connect_timeout=5)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database emcal_day template {migrated_template}")
    database = Database(server.url("emcal_day"))
    place = tmp_path_factory.mktemp("emcal_day")
    ledger = Ledger(database, place / "quarantine")
    down = [calorimeter.snapshot(0, down={40})]
    calorimeter.land(place / "incoming", *down, *(calorimeter.snapshot(number) for number in (1, 2, 5)))
    scan(place / "incoming", ledger, EMCAL)
    load_day(database, ledger, calorimeter.DAY, tables, "run-1")
    yield database
    database.close()
