"""Fall-back drills: each ends in the right set or the right refusal, with its reason where people look.

That is the registry (history, radio.calibration_use), the check and the alert.
"""

import shutil
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.alerts import record
from dsa_hcal_assets.alerts.model import Severity
from dsa_hcal_assets.orchestration.radio.calibration_choice import (
    applied,
    need_of,
    own_set_failed,
    refusal_told,
    usable_set,
)
from dsa_hcal_assets.orchestration.stage import StageRun
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Level
from dsa_hcal_assets.radio.calibration.choice import Need, NoValidCalibration, due
from dsa_hcal_assets.radio.calibration.sets import get_set, history
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.orchestration.radio.conftest import NOON

HOUR = timedelta(hours=1)
GROUP = "2025-06-05T15:00:00"
DECLINATION = 49.9


class Run(StageRun):
    """A stage's run outside Dagster, whose contexts for tests have no run."""

    run_id = "run-1"


@pytest.fixture
def run(installation, instance):
    context = dg.build_asset_context(partition_key=GROUP, instance=instance)
    return Run("calibrated_ms", context, installation)


def need(hours, declination=DECLINATION):
    return Need("dsa110", NOON + hours * HOUR, declination, 2.0, 72.0)


def alerts(installation):
    return {one.alert.title: one.alert for one in record.open_alerts(installation.database)}


def uses(installation):
    return installation.database.rows(
        "select standing, set_id, reason from radio.calibration_use where group_key = %s order by use_id",
        (GROUP,),
    )


def damage(installation, one):
    table = installation.products.of_id(one.product_id).path / "bandpass.cal" / "table.dat"
    table.chmod(0o644)
    table.write_text("tablE")


def calibrated(run, wanted, choice):
    """What the asset leaves once it has published what it made with `choice`."""
    with run.installation.products.publishing("calibrated_ms", GROUP, Provenance({}, ())) as staged:
        (staged.path / "data").write_text("x")
    applied(run, wanted, choice, staged.product)


class TestTwoOverlappingSets:
    def test_the_nearer_one_is_taken_and_both_keep_their_range(self, solved, run, installation):
        early, late = solved(NOON, snr=Level.PASS), solved(NOON + 6 * HOUR, snr=Level.PASS)
        for hours, expected in ((2.9, early), (3.1, late)):
            choice, product = usable_set(run, need(hours))
            assert (choice.chosen.set_id, choice.standing) == (expected.set_id, "valid")
            assert product.product_id == expected.product_id
        ends = [get_set(installation.database, one.set_id) for one in (early, late)]
        assert ends[0].valid_until == ends[1].valid_from == NOON + 3 * HOUR
        assert alerts(installation) == {}


class TestACalibratorThatFailedItsChecks:
    """Eight subbands lost, a dead array, noise: whatever closes the gate of the nearest calibrator."""

    def test_the_next_calibrators_set_is_taken_and_the_reason_names_the_failed_one(
        self, solved, run, installation
    ):
        other = solved(NOON, snr=Level.PASS)
        failed = solved(NOON + 3 * HOUR, channels_unsolved_fraction=Level.FAIL)
        choice, _ = usable_set(run, need(3))
        assert choice.chosen.set_id == other.set_id
        calibrated(run, need(3), choice)
        ((standing, set_id, reason),) = uses(installation)
        assert (standing, set_id) == ("valid", other.set_id)
        assert f"set {failed.set_id} of 2025-06-05T15:00:00" in reason
        assert "retired: failed its checks: channels_unsolved_fraction" in reason

    def test_its_own_group_is_due_with_anothers_set(self, solved, run, installation):
        own_set_failed(run, need(3), "set 1 of the group itself failed its checks: bandpass_snr")
        assert due(installation.database) == []
        other = solved(NOON, snr=Level.PASS)
        (found,) = due(installation.database)
        assert (found.group, found.better_set, found.used_set) == (GROUP, other.set_id, None)


class TestACorruptTable:
    def test_the_set_is_marked_and_told_and_the_next_one_taken(self, solved, run, installation):
        good, bad = solved(NOON, snr=Level.PASS), solved(NOON + 3 * HOUR, snr=Level.PASS)
        damage(installation, bad)
        choice, _ = usable_set(run, need(3))
        assert choice.chosen.set_id == good.set_id
        assert f"set {bad.set_id} of 2025-06-05T15:00:00 (3C147, +49.90 deg) is damaged" in choice.reason
        state, reason = history(installation.database, bad.set_id)[-1][1:]
        assert state == "damaged"
        assert "has changed since it was published" in reason
        told = alerts(installation)[f"calibration set {bad.set_id} of 2025-06-05T15:00:00 is damaged"]
        assert told.severity is Severity.ERROR
        assert told.details == {"set_id": bad.set_id, "noticed_by": GROUP}

    def test_a_set_whose_bytes_are_gone_is_damaged_too(self, solved, run, installation):
        bad = solved(NOON, snr=Level.PASS)
        shutil.rmtree(installation.products.of_id(bad.product_id).path)
        with pytest.raises(NoValidCalibration, match=r"is damaged: the bytes of .* are gone"):
            usable_set(run, need(0))


class TestAValidityThatEnded:
    def test_the_last_set_is_used_with_a_warning_that_ends_with_the_trouble(self, solved, run, installation):
        old = solved(NOON, snr=Level.PASS)
        choice, _ = usable_set(run, need(30))
        assert (choice.chosen.set_id, choice.standing, choice.staleness_hours) == (old.set_id, "stale", 30.0)
        calibrated(run, need(30), choice)
        told = alerts(installation)[f"dsa110 is calibrated with set {old.set_id}, beyond its range"]
        assert told.severity is Severity.WARNING
        assert told.details["staleness_hours"] == 30.0
        solved(NOON + 29 * HOUR, snr=Level.PASS)
        assert [one.group for one in due(installation.database)] == [GROUP]
        calibrated(run, need(30), usable_set(run, need(30))[0])
        assert alerts(installation) == {}
        assert due(installation.database) == []
        assert [row[0] for row in uses(installation)] == ["stale", "valid"]

    def test_too_old_a_set_is_refused_and_the_reason_is_in_registry_check_and_alert(
        self, solved, run, installation, instance
    ):
        old = solved(NOON, snr=Level.PASS)
        wanted = need(73)
        with pytest.raises(NoValidCalibration) as refused, refusal_told(run, wanted):
            usable_set(run, wanted)
        reason = str(refused.value)
        assert f"set {old.set_id} of 2025-06-05T12:00:00" in reason
        assert uses(installation) == [("none", None, reason)]
        assert alerts(installation)[f"group {GROUP} cannot be calibrated"].message == reason
        ((level, blocking, detail),) = installation.database.rows(
            "select level, blocking, detail from platform.latest_verdict "
            "where stage = 'calibrated_ms' and metric = 'staleness_hours' and partition = %s",
            (GROUP,),
        )
        assert (level.lower(), blocking, detail) == ("fail", True, f"not measured: {reason}")
        key = dg.AssetCheckKey(dg.AssetKey("calibrated_ms"), "staleness_hours")
        (shown,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
        evaluation = shown.event.dagster_event.asset_check_evaluation_data
        assert not evaluation.passed
        assert reason in evaluation.description


class TestAClockThatIsAnHourOff:
    """The calibrator's group says it was observed an hour later than it was: nothing transits then."""

    def test_no_set_is_made_of_it_and_the_last_good_one_applies(self, solved, run):
        good = solved(NOON, snr=Level.PASS)
        shifted = Observation(
            group=GROUP,
            profile="dsa110",
            files=(),
            start=NOON + HOUR,
            end=NOON + HOUR + timedelta(minutes=5),
            pointing_dec_deg=DECLINATION,
            centre=None,
        )
        wanted = need_of(run, shifted, load_profiles()["dsa110"])
        assert wanted == replace(need(1), moment=NOON + HOUR + timedelta(minutes=2.5))
        assert usable_set(run, wanted)[0].chosen.set_id == good.set_id


def test_a_set_of_another_pointing_is_refused_however_fresh(solved, run):
    fresh = solved(NOON, snr=Level.PASS)
    with pytest.raises(NoValidCalibration, match=rf"set {fresh.set_id} .*\+49\.90 deg"):
        usable_set(run, need(0, declination=20.0))
