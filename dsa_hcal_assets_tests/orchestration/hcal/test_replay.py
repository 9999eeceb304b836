"""A corrected channel map: one command shows the affected days, one backfill loads them again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from dagster._core.execution.backfill import BulkActionStatus

from dsa_hcal_assets.cli.hcal import hcal as command
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, load_channel_map
from dsa_hcal_assets.hcal.mapping.replay import affected_days
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import hcal
from dsa_hcal_assets.orchestration.hcal.replay import ask_backfill
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY
from dsa_hcal_assets_tests.hcal.mapping import rewired
from dsa_hcal_assets_tests.orchestration.radio.backfilling import BackfillDaemon, instance_on_disk

PLATFORM = build_definitions().get_repository_def()


def load_day(installation: Installation, instance: dg.DagsterInstance) -> Any:
    return dg.materialize(
        [asset for asset in hcal.ASSETS if asset.key.to_user_string() == "hcal_snapshots"],
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
    )


def typed(installation: Installation, *arguments: str, channel_map: Path | None = None) -> Result:
    settings = installation.settings
    environ = {
        "DSA_HCAL_DATABASE_URL": str(settings.database_url),
        "DSA_HCAL_STATE_DIR": str(settings.state_dir),
        "DSA_HCAL_HCAL__CHANNEL_MAP_FILE": str(channel_map or ""),
    }
    return CliRunner().invoke(command, ["map", *arguments], env=environ, catch_exceptions=False)


@pytest.fixture
def channel_map() -> ChannelMap:
    return load_channel_map()


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.csv"
    path.write_text(rewired.exchanged((("80", "0"), ("80", "1"))))
    return path


@pytest.fixture
def loaded_wrongly(installation: Installation, instance: dg.DagsterInstance, wrong: Path) -> Installation:
    """The day, loaded by the platform under a map with two channels the wrong way round."""
    detector.land(installation.settings.incoming / "hcal", detector.snapshot(0))
    scan(installation.settings.incoming / "hcal", installation.ledger, CONTROLLERS)
    settings = installation.settings.model_copy(update={"hcal": HcalSettings(channel_map_file=wrong)})
    assert load_day(Installation(settings), instance).success
    return installation


def test_one_command_shows_the_affected_days(loaded_wrongly: Installation, wrong: Path) -> None:
    shown = typed(loaded_wrongly, "affected").output
    assert f"{DAY}      1 snapshots  48 values have moved" in shown
    assert "map affected --run" in shown
    assert "0 days to be loaded again" in typed(loaded_wrongly, "affected", channel_map=wrong).output
    assert typed(loaded_wrongly, "affected", "--run", "--file", str(wrong)).exit_code == 2


def test_a_day_with_new_snapshots_is_loaded_whole_under_a_corrected_map(
    loaded_wrongly: Installation, instance: dg.DagsterInstance
) -> None:
    incoming = loaded_wrongly.settings.incoming / "hcal"
    detector.land(incoming, detector.snapshot(1))
    scan(incoming, loaded_wrongly.ledger, CONTROLLERS)
    assert load_day(loaded_wrongly, instance).success
    assert loaded_wrongly.database.rows("select count(distinct map_digest), count(*) from hcal.snapshot") == [
        (1, 2)
    ]
    assert "0 days to be loaded again" in typed(loaded_wrongly, "affected").output


def test_one_backfill_holds_the_days_and_all_that_is_made_of_their_snapshots(
    postgres_instance: dg.DagsterInstance,
) -> None:
    days = ["2025-06-05", "2025-06-07"]
    asked = ask_backfill(postgres_instance, PLATFORM, days, datetime(2025, 7, 1, tzinfo=UTC))
    (found,) = postgres_instance.get_backfills()
    assert (found.backfill_id, found.status) == (asked, BulkActionStatus.REQUESTED)
    assert found.asset_backfill_data is not None
    target = {
        (one.asset_key.to_user_string(), one.partition_key)
        for one in found.asset_backfill_data.target_subset.iterate_asset_partitions()
    }
    assets = ("hcal_snapshots", "tower_state", "half_sector_rollup", "detector_qa_report")
    assert target >= {(asset, day) for asset in assets for day in days}
    assert {day for _, day in target} == set(days)


@pytest.mark.verify
def test_the_backfill_that_one_command_shows_and_asks_for_mends_the_days(
    loaded_wrongly: Installation, channel_map: ChannelMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = loaded_wrongly.database
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(loaded_wrongly.settings.state_dir))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    with instance_on_disk() as instance:
        days = [one.day.isoformat() for one in affected_days(database, channel_map)]
        assert days == [DAY]
        ask_backfill(instance, PLATFORM, days, utc_now())
        BackfillDaemon(instance).run()

    assert affected_days(database, channel_map) == []
    assert loaded_wrongly.products.require_passed("tower_state", DAY)
    served = channel_map.at(detector.START).towers_of("80")
    assert served is not None
    truth = detector.truth("80", 0, detector.cycle(0)).temperature.astype("float32")
    got = dict(database.rows("select tower_id, temperature from hcal.tower_reading"))
    assert [got[int(tower)] for tower in served[0]] == pytest.approx(truth.tolist())


def test_maps_are_checked_and_compared_from_the_command_line(
    installation: Installation, tmp_path: Path, wrong: Path
) -> None:
    right = tmp_path / "right.csv"
    assert typed(installation, "write", str(right)).exit_code == 0
    assert typed(installation, "diff", str(right), str(right)).output == "the maps say the same\n"
    differing = typed(installation, "diff", str(right), str(wrong))
    assert differing.exit_code == 1
    assert "channels 80/0 and 80/1 are exchanged" in differing.output
    assert typed(installation, "check", "--file", str(right)).exit_code == 0
    doubtful = typed(installation, "check", "--file", str(wrong))
    assert doubtful.exit_code == 2
    assert "98.4% of the values" in doubtful.output
    assert "channels 80/0 and 80/1 are exchanged" in doubtful.output
    assert "board 80: O-08S O-08N" in typed(installation, "show", "--file", str(wrong)).output
