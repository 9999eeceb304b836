"""One backfill calibrates all groups again that are due, with what is made of their calibrated sets."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.live_window import UnknownKey, retire
from dsa_hcal_assets.orchestration.radio.recalibration import ask_backfill

KEYS = ["2025-06-05T20:37:07", "2025-06-05T20:42:16", "2025-06-05T20:47:25"]
PLATFORM = build_definitions().get_repository_def()
NOW = datetime(2025, 6, 6, tzinfo=UTC)


def test_one_backfill_holds_the_groups_and_the_assets_behind_their_calibration(
    postgres_instance: dg.DagsterInstance, database: Database
) -> None:
    postgres_instance.add_dynamic_partitions(GROUPS.name, KEYS)
    asked = ask_backfill(postgres_instance, database, PLATFORM, KEYS[:2], NOW)
    (found,) = postgres_instance.get_backfills()
    assert (found.backfill_id, found.status) == (asked, BulkActionStatus.REQUESTED)
    assert found.asset_backfill_data is not None
    target = {
        (one.asset_key.to_user_string(), one.partition_key)
        for one in found.asset_backfill_data.target_subset.iterate_asset_partitions()
    }
    assets = ("calibrated_ms", "continuum_image", "radio_qa_report")
    assert target >= {(asset, key) for asset in assets for key in KEYS[:2]}
    assert {key for _, key in target} == set(KEYS[:2])
    assert "calibration_tables" not in {asset for asset, _ in target}


def test_a_key_that_left_the_live_window_comes_back_for_it(
    postgres_instance: dg.DagsterInstance, database: Database
) -> None:
    postgres_instance.add_dynamic_partitions(GROUPS.name, KEYS)
    assert retire(postgres_instance, database, {KEYS[0]: "old"}, NOW)
    ask_backfill(postgres_instance, database, PLATFORM, KEYS[:1], NOW)
    assert postgres_instance.has_dynamic_partition(GROUPS.name, KEYS[0])


def test_a_group_that_never_was_a_partition_is_refused(
    postgres_instance: dg.DagsterInstance, database: Database
) -> None:
    with pytest.raises(UnknownKey):
        ask_backfill(postgres_instance, database, PLATFORM, KEYS, NOW)
    assert postgres_instance.get_backfills() == []
