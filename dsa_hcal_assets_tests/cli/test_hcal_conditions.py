"""`dsa-hcal hcal conditions`: tags made, filled and published, payloads listed and copied, states shown."""

import io
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.hcal_conditions import conditions
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.hcal.conditions import files, making, registry
from dsa_hcal_assets.hcal.conditions.registry import NoPayload
from dsa_hcal_assets.hcal.conditions.tags import BadTag
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_run
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(conditions, arguments)
    if isinstance(result.exception, PlatformError):
        raise result.exception
    return result


@pytest.fixture
def state_dir(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with four snapshots of a day, its payloads registered."""
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    ledger = Ledger(database, tmp_path / "quarantine")
    detector.land(tmp_path / "hcal", *map(detector.snapshot, range(4)))
    scan(tmp_path / "hcal", ledger, CONTROLLERS)
    load_day(database, ledger, DAY, load_channel_map(), "run-1")
    store = ProductStore(tmp_path / "products", database)
    with store.publishing(registry.KIND, DAY, Provenance({}, ())) as staged:
        making.make_files(database, DAY, staged.path, max_age=timedelta(hours=1))
    registry.register(database, staged.product)
    add_run(database, 52000, cycle(3))
    return tmp_path


def test_a_tag_is_made_filled_published_and_used(state_dir: Path) -> None:
    made = call("tag", "prod-1", "--new", "--description", "first", "--from", DAY, "--to", DAY, "--publish")
    assert made.output.splitlines() == ["prod-1: made", "prod-1: 2 payloads added", "prod-1: published"]
    assert "prod-1" in call("list").output
    assert "published" in call("list").output
    listed = call("list", "prod-1").output.splitlines()
    assert [line.split()[:2] for line in listed] == [
        ["OHCal", "2025-06-05T00:00:00"],
        ["IHCal", "2025-06-05T00:00:00"],
    ]
    with pytest.raises(BadTag, match="its payloads stay as they are"):
        call("tag", "prod-1", "--from", DAY, "--to", DAY, "--publish")

    [shown] = call("at", "--run", "52000", "--tag", "prod-1", "--detector", "ihcal").output.splitlines()
    label, _, path = shown.split()
    assert (label, Path(path).is_file()) == ("IHCal", True)
    copied = call("export", "--at", f"{DAY}T00:30:00", "--tag", "prod-1", "--detector", "IHCal", "--into",
                  str(state_dir / "mine")).output.splitlines()  # fmt: skip
    assert [Path(line).name for line in copied] == [
        "IHCal_20250605T000000Z.root",
        "IHCal_20250605T000000Z.parquet",
    ]
    towers, _ = files.read_root(Path(copied[0]))
    assert len(towers) == 1536


def test_the_state_at_a_run_is_a_table(state_dir: Path) -> None:
    shown = call("at", "--run", "52000", "--detector", "OHCal", "--detector", "IHCal").output
    towers = pd.read_csv(io.StringIO(shown))
    assert towers["tower_id"].tolist() == list(range(3072))
    assert towers["age_seconds"].unique().tolist() == [0.0]


def test_what_cannot_be_answered_is_said(state_dir: Path) -> None:
    call("tag", "empty", "--new")
    with pytest.raises(NoPayload, match="tag empty has no payload of OHCal"):
        call("at", "--at", DAY, "--tag", "empty")
    assert "there is no global tag nonsense" in call("list", "nonsense").output
    assert "give either --at or --run" in call("at", "--at", DAY, "--run", "52000").output
    assert "need --new" in call("tag", "empty", "--running").output
    assert "--from and --to go together" in call("tag", "empty", "--from", DAY).output
