"""Files of an outage: all of them, oldest first, whatever lies between them."""

from datetime import timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.snapshots.backfill import Portion, backfill
from dsa_hcal_assets.hcal.snapshots.due import due_days
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, land, snapshot

NUMBERS = (0, 1, 2, 143, 144, 145, 288)  # three days
AT_ONCE = timedelta(hours=-1)  # a day that is loaded is abandoned at once
DAYS = [DAY, "2025-06-06", "2025-06-07"]


class Way:
    """From the directory to the tables, day by day; fails at the call with number `cut`."""

    def __init__(self, database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> None:
        self.database, self.ledger, self.incoming, self.channel_map = database, ledger, incoming, channel_map
        self.days: list[str] = []
        self.cut: int | None = None

    def load(self, day: str) -> LoadReport:
        self.days.append(day)
        if len(self.days) == self.cut:
            raise DatabaseUnavailable("gone")
        return load_day(self.database, self.ledger, day, self.channel_map, "backfill")

    def backfill(self, portion: int) -> list[Portion]:
        return list(backfill(self.incoming, self.ledger, CONTROLLERS, self.load, portion=portion))

    def cycles(self) -> list[tuple[object, int]]:
        return self.database.rows("select ts, count(*) from hcal.tower_reading group by ts order by ts")


@pytest.fixture
def way(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> Way:
    land(incoming, *(snapshot(number) for number in NUMBERS))
    return Way(database, ledger, incoming, channel_map)


@pytest.mark.parametrize("portion", [1, 3, 100])
def test_all_files_are_loaded_oldest_first_in_portions_of_any_size(way: Way, portion: int) -> None:
    portions = way.backfill(portion)
    assert way.cycles() == [(cycle(number), 3072) for number in NUMBERS]
    assert way.days == sorted(way.days)
    assert [len(one.scanned.accepted) for one in portions] == [
        min(portion, len(NUMBERS) - start) for start in range(0, len(NUMBERS), portion)
    ]
    assert [one.day for one in due_days(way.database, way.ledger, "hcal", abandoned=AT_ONCE)] == DAYS


def test_cut_anywhere_it_goes_on_where_it_was(way: Way) -> None:
    way.cut = 2
    with pytest.raises(DatabaseUnavailable):
        way.backfill(3)
    assert len(way.cycles()) == 3
    way.backfill(3)
    assert way.cycles() == [(cycle(number), 3072) for number in NUMBERS]
    assert way.ledger.balance()["hcal"].pending == 0


def test_what_was_accepted_before_is_loaded_too_and_bad_files_cost_only_themselves(way: Way) -> None:
    way.backfill(100)
    land(way.incoming, snapshot(3))
    (way.incoming / "hcal_20250605T120000.000000Z.snap").write_bytes(b"nonsense")
    [portion] = way.backfill(100)
    assert portion.scanned.quarantined == ["hcal_20250605T120000.000000Z.snap"]
    assert [report.day for report in portion.loaded] == [DAY]
    assert len(way.cycles()) == len(NUMBERS) + 1


def test_an_empty_directory_is_done_at_once(way: Way, tmp_path: Path) -> None:
    way.incoming = tmp_path / "nothing"
    [portion] = way.backfill(100)
    assert portion.loaded == ()
