"""Payloads made known: once, for ever, and handed out as they were registered."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import psycopg2.errors
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions import files, making, registry, tags
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.registry import NoPayload, PayloadDamaged, payload_at
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.products import Product, ProductStore, Provenance
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_corrections
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle

HOUR = timedelta(hours=1)
OUTER, INNER = Calorimeter.OHCAL, Calorimeter.IHCAL


def publish(database: Database, root: Path, day: str = DAY) -> Product:
    """Make and publish the payloads of a day as the asset does."""
    with ProductStore(root, database).publishing(registry.KIND, day, Provenance({}, ())) as staged:
        making.make_files(database, day, staged.path, max_age=HOUR)
    return staged.product


def test_a_day_that_says_the_same_again_is_registered_once(loaded: Database, tmp_path: Path) -> None:
    first = registry.register(loaded, publish(loaded, tmp_path))
    assert len(first) == 2
    assert registry.register(loaded, publish(loaded, tmp_path)) == []
    add_corrections(loaded, DAY, {0: 1.1})
    assert len(registry.register(loaded, publish(loaded, tmp_path))) == 2


def test_a_payload_is_found_by_tag_and_time_and_copied_whole(loaded: Database, tmp_path: Path) -> None:
    product = publish(loaded, tmp_path / "products")
    registry.register(loaded, product)
    tags.create(loaded, "v1")
    assert tags.add(loaded, "v1", *bounds(DAY)) == 2
    found = payload_at(loaded, "v1", INNER, cycle(5))
    assert found.valid_from == cycle(0).replace(tzinfo=None)
    [root, parquet] = found.export(tmp_path / "products", tmp_path / "mine")
    towers, facts = files.read_root(root)
    assert facts.detector == INNER
    pd.testing.assert_frame_equal(files.read_parquet(parquet)[0], towers)
    with pytest.raises(NoPayload, match="tag v1 has no payload of IHCal"):
        payload_at(loaded, "v1", INNER, cycle(7) + HOUR)
    with pytest.raises(NoPayload, match="tag v2 has no payload"):
        payload_at(loaded, "v2", INNER, cycle(5))


def test_a_file_that_changed_is_not_handed_out(loaded: Database, tmp_path: Path) -> None:
    product = publish(loaded, tmp_path)
    registry.register(loaded, product)
    tags.create(loaded, "v1")
    tags.add(loaded, "v1", *bounds(DAY))
    found = payload_at(loaded, "v1", OUTER, cycle(5))
    (product.path / found.parquet_file).chmod(0o644)
    (product.path / found.parquet_file).write_bytes(b"changed")
    with pytest.raises(PayloadDamaged, match="is not what was registered"):
        found.export(tmp_path, tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_what_was_registered_never_changes(loaded: Database, tmp_path: Path) -> None:
    registry.register(loaded, publish(loaded, tmp_path))
    for statement in (
        "update hcal.payload set towers = 1",
        "delete from hcal.payload",
        "truncate hcal.payload cascade",
    ):
        with (
            pytest.raises(psycopg2.errors.RestrictViolation, match="payloads never change"),
            loaded.transaction() as cursor,
        ):
            cursor.execute(statement)
