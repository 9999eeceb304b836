"""A simulated group from landing to flags through sensor, assets and a real CASA worker, once.

The group holds no calibrator by its profile: the chain must end well there too. Groups with one go
through everything in the end-to-end tests.
"""

import itertools
from importlib.resources import files

import dagster as dg
import numpy as np
import pytest

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import radio
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.sensor import look
from dsa_hcal_assets.radio.conversion.performance import recent
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets_tests.conftest import administer

pytestmark = pytest.mark.radio

ANTENNAS, CHANNELS, INTEGRATIONS = 8, 2, 6
BASELINES = ANTENNAS * (ANTENNAS + 1) // 2
MADE = ("uvh5_group", "measurement_set", "flags")
SELECTED = ("uvh5_group", "measurement_set", "flags", "calibration_tables")


@pytest.fixture(scope="module")
def installation(server, migrated_template, tmp_path_factory):
    """An installation whose DSA-110 knows no source bright enough to calibrate on."""
    state = tmp_path_factory.mktemp("state")
    name = "radio_assets"
    administer(server, f"create database {name} template {migrated_template} strategy file_copy")
    shipped = (files("dsa_hcal_assets.radio.profiles") / "dsa110.toml").read_text()
    (state / "profiles").mkdir()
    (state / "profiles" / "dsa110.toml").write_text(shipped.replace("min_flux_jy = 1.0", "min_flux_jy = 1e6"))
    chosen = RadioSettings(settle_seconds=0.0, profiles_dir=state / "profiles")
    installation = Installation(Settings(state_dir=state, database_url=server.url(name), radio=chosen))
    yield installation
    installation.database.close()


@pytest.fixture(scope="module")
def landed(installation):
    """What the sensor sees after a simulated group has landed."""
    place = installation.settings.incoming / "uvh5"
    place.mkdir(parents=True)
    setup = GroupSetup(antennas=ANTENNAS, channels=CHANNELS, integrations=INTEGRATIONS)
    simulate_group(place, load_profiles()["dsa110"], setup)
    (work,) = look(installation)
    return work


@pytest.fixture(scope="module")
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="module")
def result(installation, instance, landed):
    instance.add_dynamic_partitions(GROUPS.name, [landed.partition])
    return dg.materialize(
        list(radio.ASSETS),
        selection=list(SELECTED),
        partition_key=landed.partition,
        resources={"installation": installation},
        instance=instance,
        raise_on_error=False,
    )


def checks_of(result, asset):
    return {
        one.check_name: one
        for one in result.get_asset_check_evaluations()
        if one.asset_key.to_user_string() == asset
    }


def test_the_run_succeeds_and_every_blocking_check_passes(result):
    assert result.success
    closed = [
        f"{one.asset_key.to_user_string()}.{one.check_name}: {one.metadata}"
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    ]
    assert closed == []


def test_the_group_is_described_from_its_headers(result, installation, landed):
    product = installation.products.require_passed("uvh5_group", landed.partition)
    described = Observation.load(product.path)
    assert described.profile == "dsa110"
    assert len(described.files) == len(product.provenance.inputs) == 16


def test_the_materialisation_tells_found_and_expected_subbands(result):
    (event,) = result.asset_materializations_for_node("uvh5_group")
    told = {
        name: event.metadata[name].value for name in ("subbands", "subbands expected", "subbands missing")
    }
    assert told == {"subbands": 16, "subbands expected": 16, "subbands missing": "none"}


def test_the_subbands_are_loaded_and_no_longer_work(result, installation):
    balance = installation.ledger.balance()["uvh5"]
    assert (balance.accepted, balance.loaded, balance.pending) == (16, 16, 0)
    assert look(installation) == []


def test_the_measurement_set_holds_every_visibility_once(result, installation, landed):
    from casacore.tables import table

    product = installation.products.require_passed("measurement_set", landed.partition)
    with table(str(product.path / "visibilities.ms"), ack=False) as main:
        assert main.nrows() == BASELINES * INTEGRATIONS
        assert main.getcell("DATA", 0).shape == (16 * CHANNELS, 2)
        assert np.isfinite(main.getcol("DATA")).all()


def test_what_the_conversion_took_is_on_record(result, installation, landed):
    product = installation.products.require_passed("measurement_set", landed.partition)
    (found,) = recent(installation.database)
    assert (found.product_id, found.group_key, found.writer) == (
        product.product_id,
        landed.partition,
        "direct",
    )
    assert found.rows == BASELINES * INTEGRATIONS
    assert min(found.load_seconds, found.phase_seconds, found.write_seconds, found.total_seconds) > 0
    assert found.peak_rss_bytes > found.ms_bytes > 0


def test_each_product_names_the_one_it_was_made_from(result, installation, landed):
    products = {kind: installation.products.current(kind, landed.partition) for kind in MADE}
    for earlier, later in itertools.pairwise(MADE):
        assert products[earlier].as_input() in products[later].provenance.inputs
        assert products[later].provenance.run_id == result.run_id


def test_plots_and_numbers_are_on_the_materialisation(result):
    (event,) = result.asset_materializations_for_node("measurement_set")
    assert event.metadata["version"].value == 1
    assert event.metadata["figure 1"].value.startswith("![")
    assert "data:image/png;base64," in event.metadata["figure 1"].value
    checked = checks_of(result, "measurement_set")["rows_missing"]
    assert (checked.passed, checked.metadata["value"].value) == (True, 0.0)


def test_every_worker_call_left_its_log_with_the_run(result, installation):
    logs = installation.settings.logs / "runs" / result.run_id
    assert {path.stem for path in logs.glob("*.log")} >= {"measurement_set", "flags"}


def test_a_group_without_a_calibrator_rightly_has_no_tables(result, installation, landed):
    assert installation.products.current("calibration_tables", landed.partition) is None
    checks = checks_of(result, "calibration_tables")
    assert checks
    assert all(one.passed for one in checks.values())
    (event,) = result.asset_materializations_for_node("calibration_tables")
    assert "calibrat" in event.metadata["not applicable"].value
    assert installation.database.rows("select count(*) from radio.calibration_set") == [(0,)]


def test_without_any_calibration_set_the_next_step_says_what_is_missing(
    result, installation, instance, landed
):
    later = dg.materialize(
        list(radio.ASSETS),
        selection=["calibrated_ms"],
        partition_key=landed.partition,
        resources={"installation": installation},
        instance=instance,
        raise_on_error=False,
    )
    assert not later.success
    failure = later.failure_data_for_node("calibrated_ms").user_failure_data
    assert failure.metadata["error"].text == "NoValidCalibration"


def test_making_the_group_again_is_a_new_version_of_the_same_content(result, installation, instance, landed):
    again = dg.materialize(
        list(radio.ASSETS),
        selection=["uvh5_group"],
        partition_key=landed.partition,
        resources={"installation": installation},
        instance=instance,
    )
    assert again.success
    versions = installation.products.versions("uvh5_group", landed.partition)
    assert len(versions) == 2
    assert len({one.checksum for one in versions}) == 1
