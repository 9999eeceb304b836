"""The demo counts a product as done exactly when the platform lets downstream use it."""

import pytest

from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.demo.expectations import Standing, expected, look
from dsa_hcal_assets.demo.inputs import Dropped
from dsa_hcal_assets.errors import GateBlocked, PlatformError
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record

DAY = "2026-01-02"
DROPPED = Dropped("1995-04-13T09:18:31", "2025-06-05T20:37:07", DAY)

# the demo simulates the calorimeter's controllers alone: no supplies, EMCal, registers, events and runs,
# and corrections and conditions begin with LED runs
NOT_SIMULATED = {
    "conditions_payload",
    "control_events",
    "emcal_state",
    "gain_corrections",
    "led_runs",
    "pedestal_runs",
    "register_state",
    "supply_state",
}


def test_every_asset_of_the_platform_is_expected_of_the_data_that_were_dropped():
    wanted = expected(DROPPED, "2026-01-03")
    assets = {asset.key.to_user_string() for asset in build_definitions().assets}
    # no archive of Measurement Sets is dropped, and no calibration is known yet for a quick look
    assert {kind for kind, _ in wanted} == assets - {"archived_ms", "quicklook_image"} - NOT_SIMULATED
    assert len(wanted) == len(set(wanted))
    assert {key for kind, key in wanted if kind == "continuum_image"} == {
        DROPPED.vla_group,
        DROPPED.dsa_group,
    }
    assert {key for kind, key in wanted if kind == "tower_state"} == {"2026-01-03"}


def test_what_was_not_made_is_missing(database):
    (seen,) = look(database, [("rig_kpis", DAY)])
    assert (seen.standing, seen.product_id) == (Standing.MISSING, None)


@pytest.mark.parametrize("standing", [Standing.JUDGING, Standing.PASSED, Standing.WARNING, Standing.BLOCKED])
def test_a_product_stands_where_its_verdicts_put_it(database, installation, publish, standing):
    product = publish("rig_kpis", DAY, standing)
    (seen,) = look(database, [("rig_kpis", DAY)])
    assert (seen.standing, seen.product_id) == (standing, product.product_id)
    try:
        installation.products.require_passed("rig_kpis", DAY)
        usable = True
    except PlatformError:
        usable = False
    assert seen.standing.good == usable


def test_an_advisory_failure_is_a_warning(database, installation, publish):
    product = publish("rig_kpis", DAY, Standing.PASSED)
    advisory = [Verdict("rig_kpis", "alert_fraction", 1.0, Level.FAIL, False)]
    record(database, advisory, product=product, partition=DAY, run_id="r")
    assert look(database, [("rig_kpis", DAY)])[0].standing is Standing.WARNING


def test_the_newest_version_counts(database, installation, publish):
    publish("rig_kpis", DAY, Standing.BLOCKED)
    with pytest.raises(GateBlocked):
        installation.products.require_passed("rig_kpis", DAY)
    publish("rig_kpis", DAY, Standing.PASSED)
    assert look(database, [("rig_kpis", DAY)])[0].standing is Standing.PASSED


def test_each_wanted_product_is_told_in_order(database, publish):
    publish("rig_clean", DAY, Standing.PASSED)
    wanted = [("rig_readings", DAY), ("rig_clean", DAY)]
    assert [(one.kind, one.partition) for one in look(database, wanted)] == wanted
