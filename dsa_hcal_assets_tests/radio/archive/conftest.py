"""Small real Measurement Sets, an incoming directory for them, and a clock that tests move."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.radio.archive import job
from dsa_hcal_assets.radio.archive.facts import SetFacts
from dsa_hcal_assets.radio.archive.reading import answer_of
from dsa_hcal_assets.radio.archive.scan import ArchiveScan, ScanReport
from dsa_hcal_assets.radio.archive.stillness import Stillness
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets_tests.radio import uvh5_files

PROFILES = load_profiles()
SETTLE = timedelta(seconds=5)
PATIENCE = timedelta(hours=24)


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform's own conversion of a DSA-110 group at 2025-06-05T20:37:07: 3 antennas, 2 times."""
    home = tmp_path_factory.mktemp("tiny")
    files = uvh5_files.write_group(home, channels=2, integrations=2, antennas=3)
    convert_group(files, home / "2025-06-05T20:37:07.ms", PROFILES["dsa110"])
    return home / "2025-06-05T20:37:07.ms"


@pytest.fixture
def copy(tiny_set: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copy the tiny set; `later` shifts its times by so many seconds."""

    def copy(target: Path | str, later: float = 0.0) -> Path:
        place = tmp_path / target
        shutil.copytree(tiny_set, place)
        if later:
            put(place, "TIME", lambda times: times + later)
        return place

    return copy


def put(ms: Path, column: str, change: Callable[[np.ndarray], np.ndarray], subtable: str = "") -> None:
    """Change a column of a set, or of one of its subtables."""
    from casacore import tables

    with tables.table(str(ms / subtable), readonly=False, ack=False) as table:
        table.putcol(column, change(np.asarray(table.getcol(column))))


def read_here(paths: Sequence[Path]) -> list[SetFacts | PlatformError]:
    """Read facts in this process; what workers add to it has tests of its own."""
    return [answer_of(one) for one in job.read_sets([str(path) for path in paths])["sets"]]


@dataclass
class Archive:
    """An incoming directory with its ledger; every look is some seconds after the last."""

    root: Path
    database: Database
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    stillness: Stillness = field(default_factory=Stillness)
    opened: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.incoming.mkdir(parents=True)
        self.ledger = Ledger(self.database, self.root / "quarantine")
        self.products = ProductStore(self.root / "products", self.database)

    @property
    def incoming(self) -> Path:
        return self.root / "incoming" / "ms"

    def look(self, after: timedelta = SETTLE) -> ScanReport:
        self.now += after
        scan = ArchiveScan(
            self.incoming,
            self.database,
            self.ledger,
            self.products,
            PROFILES,
            RadioSettings(
                settle_seconds=SETTLE.total_seconds(), collect_hours=PATIENCE.total_seconds() / 3600
            ),
            self._read,
            self.stillness,
        )
        return scan.look(self.now)

    def _read(self, paths: Sequence[Path]) -> list[SetFacts | PlatformError]:
        self.opened += paths
        return read_here(paths)


@pytest.fixture
def archive(tmp_path: Path, database: Database) -> Archive:
    return Archive(tmp_path, database)
