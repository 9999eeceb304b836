"""Fixtures of the detector's tests: a ledger on the test's database, and a day that is loaded."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.hcal.anomalies import detection
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.emcal import tables as emcal_tables
from dsa_hcal_assets.hcal.emcal.board_layout import load_board_layout
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, load_channel_map
from dsa_hcal_assets.hcal.rollups import refresh
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.emcal import calorimeter


@pytest.fixture(scope="session")
def channel_map() -> ChannelMap:
    return load_channel_map()


@pytest.fixture(scope="session")
def thresholds() -> Thresholds:
    return Thresholds.load(environ={})


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "incoming" / "hcal"


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Ledger:
    return Ledger(database, tmp_path / "quarantine")


@pytest.fixture
def loaded(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> Database:
    """The day of `_load`, for tests that change it."""
    return _load(database, ledger, incoming, channel_map)


@pytest.fixture(scope="session")
def day(
    server: EmbeddedServer,
    migrated_template: str,
    channel_map: ChannelMap,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Database]:
    """The day of `_load`, loaded once, for tests that only read."""
    with closing(psycopg2.connect(server.url("postgres"), connect_timeout=5)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database hcal_day template {migrated_template}")
    database = Database(server.url("hcal_day"))
    place = tmp_path_factory.mktemp("day")
    yield _load(database, Ledger(database, place / "quarantine"), place / "incoming", channel_map)
    database.close()


@pytest.fixture(scope="session")
def emcal_day(
    server: EmbeddedServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A day of four EMCal snapshots, for tests that only read: sector 40 down at first, cycles missing."""
    with closing(psycopg2.connect(server.url("postgres"), connect_timeout=5)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database emcal_day template {migrated_template}")
    database = Database(server.url("emcal_day"))
    place = tmp_path_factory.mktemp("emcal_day")
    ledger = Ledger(database, place / "quarantine")
    down = calorimeter.snapshot(0, down={40})
    calorimeter.land(place / "incoming", down, *(calorimeter.snapshot(number) for number in (1, 2, 5)))
    scan(place / "incoming", ledger, EMCAL)
    emcal_tables.load_day(
        database,
        ledger,
        calorimeter.DAY,
        emcal_tables.EmcalTables(load_board_map(), load_board_layout()),
        "run-1",
    )
    yield database
    database.close()


@pytest.fixture
def day_ledger(day: Database, tmp_path: Path) -> Ledger:
    return Ledger(day, tmp_path / "quarantine")


def _load(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> Database:
    """Load seven snapshots of two hours: board 91 down at first, 82 partial at the end, a hot tower."""
    hot = detector.truth("80", 0, detector.cycle(3)).temperature.astype("float32")
    hot[5] = 33.5
    detector.land(
        incoming,
        detector.snapshot(0, down={"91"}),
        *(detector.snapshot(number) for number in (1, 2)),
        detector.with_channel(detector.snapshot(3), "80", 0, temperature=hot),
        *(detector.snapshot(number) for number in (4, 6)),
        detector.snapshot(7, unread_temperatures={"82": 3}),
    )
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, detector.DAY, channel_map, "run-1")
    refresh(database, detector.DAY)
    detection.refresh(database, detector.DAY, Thresholds.load(environ={}))
    return database
