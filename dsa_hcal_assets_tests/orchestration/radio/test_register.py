"""A judged calibration set enters the registry: used, used with a warning, or on record and never used."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.orchestration.radio.register import register
from dsa_hcal_assets.orchestration.stage import StageRun
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.radio.calibration.choice import Need, NoValidCalibration, choose
from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.sets import history, list_sets

NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def solved(installation):
    """Publish, judge and register the calibration tables of a group; return the set on record."""

    def solved(moment=NOON, **levels):
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
        run = StageRun("calibration_tables", dg.build_asset_context(partition_key=key), installation)
        register(run)
        return next(
            one for one in list_sets(installation.database) if one.product_id == staged.product.product_id
        )

    return solved


def described(key, centre):
    table = CalibrationTable(
        kind="bandpass",
        file="bandpass.cal",
        valid_from=centre - 24 * HOUR,
        valid_until=centre + 24 * HOUR,
        interpolation="nearest",
    )
    return SetDescription(
        profile="dsa110",
        group=key,
        calibrator="3C147",
        bandpass_fields=("3C147",),
        gain_fields=(),
        centre=centre,
        start=centre - HOUR / 24,
        end=centre + HOUR / 24,
        declination_deg=49.9,
        reference_antenna="104",
        tables=(table,),
        flux_densities=(),
        amplitude_factor=200.0,
    )


def test_a_set_that_passed_is_the_one_for_its_time(solved, installation):
    registered = solved(bandpass_snr=Level.PASS)
    assert (registered.state, registered.qa_level) == ("active", "pass")
    assert choose(installation.database, Need("dsa110", NOON + HOUR)).chosen.set_id == registered.set_id


@pytest.mark.parametrize(
    "levels", [{"bandpass_snr": Level.WARN}, {"largest_delay_only": Level.FAIL}], ids=["warning", "advisory"]
)
def test_what_does_not_block_leaves_a_set_in_use_with_a_warning(solved, levels):
    registered = solved(**levels)
    assert (registered.state, registered.qa_level) == ("active", "warn")


def test_a_set_that_failed_is_on_record_as_retired_and_never_chosen(solved, installation):
    registered = solved(bandpass_snr=Level.FAIL)
    assert (registered.state, registered.qa_level) == ("retired", "fail")
    assert [reason for _, _, reason in history(installation.database, registered.set_id)] == [
        "failed its checks: bandpass_snr"
    ]
    with pytest.raises(NoValidCalibration):
        choose(installation.database, Need("dsa110", NOON))


def test_a_failed_set_leaves_the_earlier_good_one_in_use(solved, installation):
    good = solved(NOON, bandpass_snr=Level.PASS)
    solved(NOON + HOUR, bandpass_snr=Level.FAIL)
    assert choose(installation.database, Need("dsa110", NOON + HOUR)).chosen.set_id == good.set_id


def test_solving_a_group_again_supersedes_its_earlier_set(solved, installation):
    first, second = solved(bandpass_snr=Level.WARN), solved(bandpass_snr=Level.PASS)
    states = {one.set_id: one.state for one in list_sets(installation.database)}
    assert states == {first.set_id: "superseded", second.set_id: "active"}
