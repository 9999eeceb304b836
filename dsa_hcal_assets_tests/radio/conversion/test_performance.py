"""What a conversion took is on record once, under the product it made."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.radio.conversion.group import ConversionReport, InputFile
from dsa_hcal_assets.radio.conversion.performance import of_report, recent, record

STARTED = datetime(2025, 6, 5, 21, 0, tzinfo=UTC)
REPORT = ConversionReport(
    rows=120,
    integrations=4,
    channels=32,
    windows=1,
    correlations=2,
    antennas=5,
    fields=(),
    layout="single",
    flagged_fraction=0.0,
    not_finite=0,
    first_mjd=60831.0,
    last_mjd=60831.1,
    inputs=(InputFile("sb00.hdf5", 1000, "a", "b"), InputFile("sb01.hdf5", 500, "c", "d")),
    seconds={
        "hash": 9.0,
        "headers": 0.25,
        "load": 4.0,
        "plan": 0.5,
        "phase": 1.0,
        "write": 2.0,
        "subtables": 0.5,
        "scratch_columns": 0.5,
    },
    writer="direct",
    total_seconds=8.0,
    ms_bytes=4000,
    peak_rss_bytes=10**9,
    started_at=STARTED.isoformat(),
)


@pytest.fixture
def store(tmp_path: Path, database: Database) -> ProductStore:
    (tmp_path / "products").mkdir()
    return ProductStore(tmp_path / "products", database)


def published(store: ProductStore, key: str = "2025-06-05T20:37:07") -> Product:
    with store.publishing("measurement_set", key, Provenance({}, ())) as staged:
        (staged.path / "table.dat").write_bytes(b"rows")
    return store.require("measurement_set", key)


def test_steps_are_loading_phasing_or_writing(store):
    found = of_report(published(store), REPORT)
    assert (found.load_seconds, found.phase_seconds, found.write_seconds) == (4.25, 1.5, 3.0)
    assert found.total_seconds == 8.0


def test_a_conversion_is_recorded_once_with_its_product(store, database):
    product = published(store)
    entered = record(database, product, REPORT)
    record(database, product, replace(REPORT, total_seconds=99.0))
    assert recent(database) == [entered]
    assert (entered.product_id, entered.group_key, entered.version) == (
        product.product_id,
        "2025-06-05T20:37:07",
        1,
    )
    assert (entered.rows, entered.input_bytes, entered.ms_bytes) == (120, 1500, 4000)
    assert entered.started_at == STARTED


def test_every_version_has_its_own_row_and_the_newest_comes_first(store, database):
    first = record(database, published(store), REPORT)
    later = replace(REPORT, writer="pyuvdata", started_at=(STARTED + timedelta(hours=1)).isoformat())
    second = record(database, published(store), later)
    assert [one.version for one in recent(database)] == [2, 1]
    assert recent(database, limit=1) == [second]
    assert second.writer == "pyuvdata"
    assert first.writer == "direct"


def test_the_database_refuses_what_no_writer_is(store, database):
    with pytest.raises(psycopg2.errors.CheckViolation):
        record(database, published(store), replace(REPORT, writer="guess"))
