"""A group whose best calibrator fails is solved on the next one it holds, re-phased to that.

The operator's list of calibrators has a source of 5000 Jy that is not there, beside 3C147, which is.
Where none of a group's own calibrators is any good, the order goes on: another group's set, an older one
with a warning, none.
"""

from importlib.resources import files

import dagster as dg
import pytest

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import radio
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.sensor import look
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.radio.calibration.choice import due
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.registry import take_out
from dsa_hcal_assets.radio.calibration.sets import list_sets
from dsa_hcal_assets.radio.calibration.standards import Calibrator, write_sources
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.orchestration.radio.moved_sets import register_moved

pytestmark = [pytest.mark.radio, pytest.mark.timeout(600)]

TRUE = CALIBRATORS["3C147"]
PHANTOM = Calibrator.of_power_law("J0541+499", TRUE.ra_deg - 0.1, TRUE.dec_deg + 0.1, 5000.0, -0.7)
UP_TO_TABLES = ("uvh5_group", "measurement_set", "flags", "calibration_tables")
SETUP = GroupSetup(antennas=9, channels=2, integrations=8)


@pytest.fixture(scope="module")
def installation(server, migrated_template, tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    administer(server, f"create database next_calibrator template {migrated_template} strategy file_copy")
    shipped = (files("dsa_hcal_assets.radio.profiles") / "dsa110.toml").read_text()
    (state / "profiles").mkdir()
    plain = shipped.replace("field_model = true", "field_model = false")
    (state / "profiles" / "dsa110.toml").write_text(plain)
    chosen = RadioSettings(
        settle_seconds=0.0,
        profiles_dir=state / "profiles",
        calibrator_list=write_sources(state / "mine.csv", [PHANTOM]),
    )
    url = server.url("next_calibrator")
    installation = Installation(Settings(state_dir=state, database_url=url, radio=chosen))
    yield installation
    installation.database.close()


@pytest.fixture(scope="module")
def materialize(installation):
    with dg.DagsterInstance.ephemeral() as instance:

        def materialize(key, *selected):
            instance.add_dynamic_partitions(GROUPS.name, [key])
            # limits are read anew, as by another process
            mine = Installation(installation.settings)
            result = dg.materialize(
                [one for one in radio.ASSETS if one.key.to_user_string() in selected],
                partition_key=key,
                resources={"installation": mine},
                instance=instance,
                raise_on_error=False,
            )
            mine.database.close()
            return result

        yield materialize


@pytest.fixture(scope="module")
def group(installation):
    place = installation.settings.incoming / "uvh5"
    place.mkdir(parents=True)
    simulate_group(place, load_profiles()["dsa110"], SETUP)
    (work,) = look(installation)
    return work.partition


@pytest.fixture(scope="module")
def solved(group, materialize):
    return materialize(group, *UP_TO_TABLES)


def shown(result, asset):
    (event,) = result.asset_materializations_for_node(asset)
    return event.metadata


def checks(result, asset):
    return {
        one.check_name: one
        for one in result.get_asset_check_evaluations()
        if one.asset_key.to_user_string() == asset
    }


def test_the_group_is_phased_to_its_best_calibrator_which_is_not_there(solved, installation, group):
    product = installation.products.require_passed("uvh5_group", group)
    described = Observation.load(product.path)
    assert [one.calibrator.name for one in described.matches] == [PHANTOM.name, "3C147"]
    assert described.centre.name == PHANTOM.name


def test_the_set_is_that_of_the_second_and_passes_its_gate(solved, installation, group):
    assert solved.success
    (found,) = list_sets(installation.database)
    assert (found.group, found.calibrator, found.state) == (group, "3C147", "active")
    product = installation.products.require_passed("calibration_tables", group)
    described = SetDescription.load(product.path)
    assert described.bandpass_fields == ("3C147",)
    assert described.amplitude_factor == pytest.approx(200, rel=0.1)


def test_that_the_first_failed_and_why_is_told_by_the_check_and_shown(solved):
    rank = checks(solved, "calibration_tables")["calibrator_rank"]
    assert not rank.passed
    assert (rank.severity, rank.metadata["value"].value) == (dg.AssetCheckSeverity.WARN, 2.0)
    assert rank.description.startswith(
        f"of 2 calibrators of the group; {PHANTOM.name} failed: amplitude_factor"
    )
    refused = shown(solved, "calibration_tables")["calibrators that failed"].value
    assert "amplitude_factor" in refused[PHANTOM.name]


def test_of_the_failed_attempt_nothing_is_left_in_the_product(solved, installation, group):
    product = installation.products.require("calibration_tables", group)
    assert not [path.name for path in product.path.iterdir() if path.name.startswith("rank")]


def test_the_data_as_they_were_phased_are_calibrated_with_it(solved, group, materialize):
    done = materialize(group, "calibrated_ms")
    assert done.success
    assert shown(done, "calibrated_ms")["calibration set"].value.endswith("(3C147)")
    found = {name: one.metadata["value"].value for name, one in checks(done, "calibrated_ms").items()}
    assert found["amplitude_ratio"] == pytest.approx(1, abs=0.05)


@pytest.fixture
def another_set(solved, group, installation):
    """Register the set of the group as that of another group, hours away."""
    good = installation.products.versions("calibration_tables", group)[0].path
    return lambda hours: register_moved(installation, good, hours)


@pytest.fixture(scope="module")
def failed(solved, group, materialize, installation):
    """The group solved anew under a limit that no solution meets."""
    for one in list_sets(installation.database, state="active"):
        take_out(installation.database, one.set_id, "retired", "of an earlier test")
    with pytest.MonkeyPatch.context() as limits:
        limits.setenv(variable("calibration_tables", "bandpass_snr", "error_below"), "1e9")
        return materialize(group, "calibration_tables", "calibrated_ms")


class TestNoCalibratorOfTheGroupIsAnyGood:
    def test_the_best_ones_failure_is_on_record_and_the_run_stops(self, failed, installation, group):
        assert not failed.success
        made = [one.asset_key.to_user_string() for one in failed.get_asset_materialization_events()]
        assert made == ["calibration_tables"]
        newest = max(list_sets(installation.database), key=lambda one: one.set_id)
        assert (newest.calibrator, newest.state) == (PHANTOM.name, "retired")
        assert newest.reason == "failed its checks: bandpass_snr, amplitude_factor"
        refused = shown(failed, "calibration_tables")["calibrators that failed"].value
        assert set(refused) == {PHANTOM.name, "3C147"}
        assert due(installation.database) == []

    def test_then_another_groups_set_is_taken_then_an_older_one_with_a_warning_then_none(
        self, failed, group, materialize, installation, another_set
    ):
        near, old = another_set(hours=-2), another_set(hours=-40)
        done = materialize(group, "calibrated_ms")
        assert done.success
        assert shown(done, "calibrated_ms")["standing"].value == "valid"
        assert shown(done, "calibrated_ms")["calibration set"].value.startswith(f"{near.set_id} ")
        assert checks(done, "calibrated_ms")["beyond_validity_hours"].passed

        take_out(installation.database, near.set_id, "blacklisted", "its antennas moved")
        done = materialize(group, "calibrated_ms")
        assert done.success
        assert shown(done, "calibrated_ms")["standing"].value == "stale"
        warned = checks(done, "calibrated_ms")["beyond_validity_hours"]
        assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert warned.metadata["value"].value == pytest.approx(16, abs=0.2)
        product = installation.products.require_passed("calibrated_ms", group)
        assert product.provenance.parameters["standing"] == "stale"

        take_out(installation.database, old.set_id, "blacklisted", "its antennas moved")
        refused = materialize(group, "calibrated_ms")
        assert not refused.success
        told = refused.failure_data_for_node("calibrated_ms").user_failure_data
        assert told.metadata["error"].text == "NoValidCalibration"
