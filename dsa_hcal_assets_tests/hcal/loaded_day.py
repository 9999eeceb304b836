"""Days of the detector as the platform loads them, with faults that tests know of."""

from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies import detection
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.emcal import tables as emcal_tables
from dsa_hcal_assets.hcal.emcal.board_layout import load_board_layout
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.rollups import refresh
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.emcal import calorimeter


def load_hcal(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> None:
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


def load_emcal(database: Database, ledger: Ledger, incoming: Path) -> None:
    """Load four EMCal snapshots: sector 40 down at first, cycles missing."""
    down = calorimeter.snapshot(0, down={40})
    calorimeter.land(incoming, down, *(calorimeter.snapshot(number) for number in (1, 2, 5)))
    scan(incoming, ledger, EMCAL)
    tables = emcal_tables.EmcalTables(load_board_map(), load_board_layout())
    emcal_tables.load_day(database, ledger, calorimeter.DAY, tables, "run-1")
