"""Calibration sets as a run leaves them: published, judged, registered."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.radio.register import register
from dsa_hcal_assets.orchestration.stage import StageRun
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.sets import CalibrationSet
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.orchestration.radio.two_groups import Platform, two_groups

NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def platform(
    server: EmbeddedServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """Two groups processed, once a session; who changes limits or sets puts them back."""
    administer(server, f"create database two_groups template {migrated_template} strategy file_copy")
    with two_groups(tmp_path_factory.mktemp("platform"), server.url("two_groups")) as platform:
        yield platform


@pytest.fixture
def solved(installation: Installation) -> Callable[..., CalibrationSet]:
    """Publish, judge and register the calibration tables of a group; return the set on record.

    Levels by metric; a metric whose name ends in "_only" does not block.
    """

    def solved(moment: datetime = NOON, **levels: object) -> CalibrationSet:
        key = f"{moment:%Y-%m-%dT%H:%M:%S}"
        with installation.products.publishing("calibration_tables", key, Provenance({}, ())) as staged:
            (staged.path / "bandpass.cal").mkdir()
            (staged.path / "bandpass.cal" / "table.dat").write_text("table")
            described(key, moment).save(staged.path)
        verdicts = [
            Verdict(
                "calibration_tables", metric.removesuffix("_only"), 1.0, level, not metric.endswith("_only")
            )
            for metric, level in levels.items()
        ]
        record(installation.database, verdicts, product=staged.product, partition=key, run_id="r")
        return register(
            StageRun("calibration_tables", dg.build_asset_context(partition_key=key), installation)
        )

    return solved


def described(key: str, centre: datetime) -> SetDescription:
    day, tile = timedelta(hours=24), timedelta(minutes=2.5)
    table = CalibrationTable(
        kind="bandpass",
        file="bandpass.cal",
        valid_from=centre - day,
        valid_until=centre + day,
        interpolation="nearest",
    )
    return SetDescription(
        profile="dsa110",
        group=key,
        calibrator="3C147",
        bandpass_fields=("3C147",),
        gain_fields=(),
        centre=centre,
        start=centre - tile,
        end=centre + tile,
        declination_deg=49.9,
        reference_antenna="104",
        tables=(table,),
        flux_densities=(),
        amplitude_factor=200.0,
    )
