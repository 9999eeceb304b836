"""The latency of quick looks: moments in order, kept, and counted from the landing."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.radio.quicklook.latency import (
    STAGES,
    Latency,
    in_order,
    landing_of,
    latest,
    moments_of,
    record,
)

LANDED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "2026-01-02T03:00:00"


def after(*seconds: float) -> list[datetime]:
    return [LANDED + timedelta(seconds=one) for one in seconds]


@pytest.fixture
def published(database: Database, tmp_path: Path) -> int:
    store = ProductStore(tmp_path / "products", database)
    with store.publishing("quicklook_image", KEY, Provenance({}, ())) as staged:
        (staged.path / "file").write_text("image")
    return staged.product.product_id


def newest(database: Database) -> Latency | None:
    with database.transaction() as cursor:
        return latest(cursor)


def test_what_was_recorded_is_the_latest(database: Database, published: int) -> None:
    assert newest(database) is None
    found = in_order(published, KEY, after(0, 1, 3, 10, 11, 20, 21))
    record(database, found)
    record(database, found)
    assert newest(database) == found
    assert found.since_landing == {
        "seen": 1, "started": 3, "read": 10, "calibrated": 11, "imaged": 20, "judged": 21,
    }  # fmt: skip


def test_clocks_that_differ_a_little_give_no_negative_step() -> None:
    found = in_order(1, KEY, after(0, 2, 1.9, 5, 5, 6, 7))
    assert found.started_at == found.seen_at
    assert list(found.since_landing) == list(STAGES[1:])


def test_the_database_refuses_moments_out_of_order(database: Database, published: int) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation):
        record(database, Latency(published, KEY, *after(0, 2, 1, 5, 5, 6, 7)))


def test_a_file_lands_when_it_is_renamed_into_place_however_old_it_is(tmp_path: Path) -> None:
    written = tmp_path / "written"
    written.write_text("subband")
    os.utime(written, (0, 0))
    before = datetime.fromtimestamp(written.stat().st_ctime, UTC)
    landed = written.rename(tmp_path / "landed")
    later = datetime.now(UTC) + timedelta(hours=1)
    assert before <= landing_of([landed], later) < later
    assert landing_of([landed], LANDED) == LANDED


def test_steps_are_counted_from_when_the_work_began() -> None:
    assert moments_of(LANDED, {"imaged": 9, "read": 2, "calibrated": 3, "measured": 10}) == after(2, 3, 9)
