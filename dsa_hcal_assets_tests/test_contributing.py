"""CONTRIBUTING.md does what it says: its samples are taken from the page and run."""

import os
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
import yaml
from pydantic import Field, ValidationError

from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.orchestration import checks, rig
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.rig.assets import PROCESSED_FILE
from dsa_hcal_assets.orchestration.rig.sensor import look
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset
from dsa_hcal_assets.quality import thresholds
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Metric
from dsa_hcal_assets.radio.profiles.loading import load_profiles, match
from dsa_hcal_assets.rig.acquisition import acquire
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.rig import RigSettings
from dsa_hcal_assets.simulation.rig import simulate

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "dsa_hcal_assets"
PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
SAMPLES = dict(re.findall(r"^```\w+ ([^\n]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
DAY = "2026-01-02"
START = datetime(2026, 1, 2, tzinfo=UTC)


def run_sample(title: str, **names: Any) -> dict[str, Any]:
    """Execute a Python sample with the names its module would have; return what it defines."""
    scope: dict[str, Any] = {"Any": Any, "Path": Path, "dg": dg, "pd": pd, "Metric": Metric, **names}
    exec(compile(SAMPLES[title], title, "exec"), scope)
    return scope


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """Add sections to the shipped thresholds file, for this test."""

    def limits(text: str) -> Thresholds:
        file = tmp_path / "thresholds.toml"
        file.write_text(thresholds.SHIPPED.read_text(encoding="utf-8") + "\n" + text, encoding="utf-8")
        monkeypatch.setattr(thresholds, "SHIPPED", file)
        checks._shipped.cache_clear()
        return Thresholds.load(environ={})

    yield limits
    checks._shipped.cache_clear()


def test_every_room_is_on_the_page_and_every_room_on_the_page_exists():
    table = PAGE[PAGE.index("| room |") : PAGE.index("Imports go one way")]
    listed = set(re.findall(r"`(\w+(?:\.py|/))`", table))
    rooms = {f"{path.name}/" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert listed - {"sql/"} == rooms | modules


def test_files_the_page_names_exist():
    titles = {title for title in SAMPLES if "/" in title and "meerkat" not in title and "peaks" not in title}
    named = titles | set(re.findall(r"`([\w/]+/[\w]+\.(?:py|toml))`", PAGE)) - {"docs/settings.md"}
    assert len(named) > 8
    missing = [name for name in named if not ((PACKAGE / name).exists() or (REPOSITORY / name).exists())]
    assert missing == []


def test_make_targets_the_page_names_exist():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:^|`)make (\w+)", PAGE, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_pre_commit_hooks_are_local_and_run_programs_that_are_installed():
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        assert shutil.which(Path(hook["entry"].split()[0]).name, path=Path(sys.executable).parent), hook["id"]


class TestTelescope:
    TITLE = "radio/profiles/meerkat.toml"

    @pytest.fixture
    def profiles(self, tmp_path):
        directory = tmp_path / "profiles"
        directory.mkdir()
        (directory / "meerkat.toml").write_text(SAMPLES[self.TITLE], encoding="utf-8")
        return directory

    def test_the_profile_joins_the_shipped_ones_and_is_found_by_its_telescope(self, profiles):
        known = load_profiles(profiles)
        assert set(known) == {"dsa110", "vla", "meerkat"}
        assert match(known, "MEERKAT").name == "meerkat"

    @pytest.mark.radio
    def test_a_group_of_the_telescope_is_taken_in_under_its_profile(self, profiles, database, tmp_path):
        from dsa_hcal_assets.radio.ingest.scan import SubbandWatch
        from dsa_hcal_assets.settings.radio import RadioSettings
        from dsa_hcal_assets_tests.radio import uvh5_files

        place = tmp_path / "uvh5"
        place.mkdir()
        known, settings = load_profiles(profiles), RadioSettings(settle_seconds=0)
        count = known["meerkat"].subbands.count
        for path in uvh5_files.write_group(
            place,
            range(count),
            subbands=count,
            channels=2,
            integrations=2,
            telescope="MeerKAT",
            kind="sidereal",
        ):
            os.utime(path, (1_700_000_000, 1_700_000_000))
        ledger = Ledger(database, tmp_path / "quarantine")
        watch = SubbandWatch(place, ledger, database, known, settings)
        (group,) = watch.look(datetime.now(UTC)).changed
        watch.close()
        assert (group.profile, group.state, group.found) == ("meerkat", "complete", count)


class TestCheck:
    def test_the_section_and_the_metric_are_a_check_that_blocks(self, limits, installation_on, instance):
        loaded = limits(SAMPLES["quality/thresholds.toml"])
        coldest = run_sample("rig/checks.py")["coldest"]
        frame = pd.DataFrame({"timestamp": [START, START + timedelta(hours=1)], "temperature": [3.0, 20.0]})
        warned = verdict_of(loaded, coldest(frame))
        assert (warned.level, warned.detail) == (Level.WARN, f"at {START}")

        @stage_asset(group="rig", partitions=DAYS)
        def rig_readings(run: StageRun) -> dg.MaterializeResult[Any]:
            """Readings on a frosty day."""
            frosty = frame.assign(temperature=frame["temperature"] - 40)

            def make(place: Path) -> Outcome:
                frosty.to_csv(place / "raw.csv")
                return Outcome([coldest(frosty), Metric("rows", 2), Metric("null_fraction", 0)])

            return run.publish(make)

        result = dg.materialize(
            [rig_readings],
            partition_key=DAY,
            resources={"installation": installation_on(loaded)},
            instance=instance,
            raise_on_error=False,
        )
        (check,) = [
            one for one in result.get_asset_check_evaluations() if one.check_name == "temperature_lowest"
        ]
        assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
        assert check.metadata["value"].value == -37.0

    @pytest.mark.parametrize("form", ["file", "variable"])
    def test_an_operator_moves_a_limit(self, form, tmp_path):
        override, environ = None, {}
        if form == "file":
            override = tmp_path / "mine.toml"
            override.write_text(SAMPLES["thresholds of an installation"])
        else:
            ((name, value),) = re.findall(r"`(DSA_HCAL_THRESHOLD__\w+)=(\d+)`", PAGE)
            environ[name] = value
        moved = Thresholds.load(override, environ)
        warm = [Metric("avg_temp", 75.0)]
        assert judge("rig_kpis", warm, Thresholds.load(environ={}))[2].level is Level.PASS
        (found,) = [one for one in judge("rig_kpis", warm, moved) if one.metric == "avg_temp"]
        assert found.level is Level.WARN


class TestAsset:
    def test_the_asset_publishes_a_product_of_what_passed(self, limits, installation_on, instance):
        loaded = limits(
            '[rig_peaks.rows]\ndescription = "Readings kept"\nunit = "1"\nerror_below = 1\nblocking = true\n'
        )
        installation = installation_on(loaded)
        names = {"stage_asset": stage_asset, "StageRun": StageRun, "Outcome": Outcome, "DAYS": DAYS}
        scope = run_sample("orchestration/rig/assets.py", PROCESSED_FILE=PROCESSED_FILE, **names)
        acquire(simulate(START, rows=50), installation.settings.incoming / "rig")
        assert [work.partition for work in look(installation)] == [DAY]
        result = dg.materialize(
            [*rig.ASSETS, scope["rig_peaks"]],
            partition_key=DAY,
            resources={"installation": installation},
            instance=instance,
        )
        assert result.success
        product = installation.products.require_passed("rig_peaks", DAY)
        assert len(pd.read_csv(product.path / "peaks.csv")) == 10
        assert product.provenance.inputs[0].name == f"rig_clean/{DAY}/v0001"


class TestMigration:
    TITLE = "sql/0039_rig_peaks.sql"

    def test_the_file_is_applied_once_after_the_others(self, database, tmp_path):
        directory = shutil.copytree(migrations.SQL_DIR, tmp_path / "sql")
        (directory / Path(self.TITLE).name).write_text(SAMPLES[self.TITLE])
        assert migrations.apply(database, directory=directory) == ["0039_rig_peaks"]
        assert migrations.apply(database, directory=directory) == []
        assert database.rows("select count(*) from rig.peak") == [(0,)]

    def test_its_number_is_free(self):
        assert not list(migrations.SQL_DIR.glob("0039_*"))


def test_a_setting_has_a_default_limits_and_a_description():
    body = {"Field": Field, "RigSettings": RigSettings}
    sample = "".join(f"    {line}\n" for line in SAMPLES["settings/rig.py"].splitlines())
    exec(f"class Extended(RigSettings):\n{sample}", body)
    assert body["Extended"]().peak_rows == 10
    assert body["Extended"].model_fields["peak_rows"].description
    with pytest.raises(ValidationError):
        body["Extended"](peak_rows=0)


def verdict_of(loaded: Thresholds, metric: Metric) -> Any:
    return next(one for one in judge("rig_readings", [metric], loaded) if one.metric == metric.name)


@pytest.fixture
def installation_on(database, tmp_path):
    """An installation on a fresh database that judges by the limits it is given."""

    def installation_on(loaded: Thresholds) -> Installation:
        settings = Settings(
            state_dir=tmp_path, database_url=database.url, rig=RigSettings(settle_seconds=0.0)
        )
        installation = Installation(settings)
        installation.thresholds = loaded
        made.append(installation)
        return installation

    made: list[Installation] = []
    yield installation_on
    for installation in made:
        installation.database.close()
