"""A Measurement Set of an archive through sensor, assets and a real CASA worker, as far as its flags."""

from importlib.resources import files

import dagster as dg
import pytest

from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.orchestration import incoming, radio
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.ms_sensor import look, ms_sensor
from dsa_hcal_assets.radio.archive.reference import Reference
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets_tests.conftest import administer

pytestmark = pytest.mark.radio

SELECTED = ("archived_ms", "measurement_set", "flags", "calibration_tables")


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """A set in an archive: a simulated DSA-110 group, converted long ago with a window a subband."""
    home = tmp_path_factory.mktemp("archive")
    setup = GroupSetup(antennas=8, channels=2, integrations=6)
    profile = load_profiles()["dsa110"]
    group = simulate_group(home, profile, setup)
    convert_group(list(group.files), home / "old.ms", profile, layout="per-subband")
    return home / "old.ms"


@pytest.fixture(scope="module")
def installation(server, migrated_template, tmp_path_factory):
    """An installation whose DSA-110 knows no source bright enough to calibrate on."""
    state = tmp_path_factory.mktemp("state")
    administer(server, f"create database radio_archive template {migrated_template} strategy file_copy")
    shipped = (files("dsa_hcal_assets.radio.profiles") / "dsa110.toml").read_text()
    (state / "profiles").mkdir()
    (state / "profiles" / "dsa110.toml").write_text(shipped.replace("min_flux_jy = 1.0", "min_flux_jy = 1e6"))
    chosen = RadioSettings(settle_seconds=0.0, profiles_dir=state / "profiles")
    url = server.url("radio_archive")
    installation = Installation(Settings(state_dir=state, database_url=url, radio=chosen))
    (installation.settings.incoming / "ms").mkdir(parents=True)
    yield installation
    installation.database.close()


@pytest.fixture(scope="module")
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="module")
def request_made(installation, instance, archived):
    """What the sensor asks for after a reference to the set has landed."""
    identity = trees.identify(archived)
    reference = Reference(path=archived, digest=identity.digest, bytes=identity.bytes, pointing_dec_deg=49.9)
    reference.write(installation.settings.incoming / "ms")
    stay, incoming.STAY_SECONDS = incoming.STAY_SECONDS, 0.0
    try:
        context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
        (added,) = (result := ms_sensor(context)).dynamic_partitions_requests
    finally:
        incoming.STAY_SECONDS = stay
    instance.add_dynamic_partitions(GROUPS.name, added.partition_keys)
    (asked,) = result.run_requests
    return asked


@pytest.fixture(scope="module")
def result(installation, instance, request_made):
    return materialize(installation, instance, request_made.partition_key, SELECTED)


def materialize(installation, instance, key, selected):
    return dg.materialize(
        list(radio.ASSETS),
        selection=list(selected),
        partition_key=key,
        resources={"installation": installation},
        instance=instance,
        raise_on_error=False,
    )


def test_the_run_succeeds_and_every_blocking_check_passes(result):
    closed = [
        f"{one.asset_key.to_user_string()}.{one.check_name}: {one.metadata}"
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    ]
    assert closed == []
    assert result.success


def test_the_job_of_archived_groups_runs_what_is_behind_the_conversion():
    repository = build_definitions().get_repository_def()
    nodes = {
        name: {one.to_user_string() for one in repository.get_job(name).asset_layer.executable_asset_keys}
        for name in ("radio_group", "radio_archive")
    }
    assert nodes["radio_archive"] - nodes["radio_group"] == {"archived_ms"}
    assert nodes["radio_group"] - nodes["radio_archive"] == {"uvh5_group"}


def test_the_group_is_described_from_the_set(result, installation, archived, request_made):
    product = installation.products.require_passed("archived_ms", request_made.partition_key)
    described = Observation.load(product.path)
    assert described.profile == "dsa110"
    assert (described.pointing_dec_deg, described.archived.pointing) == (49.9, "told")
    assert described.archived.path == archived
    assert installation.products.current("uvh5_group", request_made.partition_key) is None


def test_the_set_is_loaded_and_no_longer_work(result, installation):
    balance = installation.ledger.balance()["ms"]
    assert (balance.accepted, balance.loaded, balance.pending) == (1, 1, 0)
    assert look(installation) == []


def test_the_product_is_a_copy_of_the_set_reported_as_imported(result, installation, archived, request_made):
    product = installation.products.require_passed("measurement_set", request_made.partition_key)
    assert trees.identify(product.path / "visibilities.ms") == trees.identify(archived)
    (event,) = result.asset_materializations_for_node("measurement_set")
    assert event.metadata["conversion"].value["writer"] == "imported"
    described = installation.products.current("archived_ms", request_made.partition_key)
    assert described.as_input() in product.provenance.inputs


def test_what_is_behind_runs_on_it_as_on_any_other(result, installation, request_made):
    flags = installation.products.require_passed("flags", request_made.partition_key)
    source = installation.products.current("measurement_set", request_made.partition_key)
    assert source.as_input() in flags.provenance.inputs
    (event,) = result.asset_materializations_for_node("calibration_tables")
    assert "calibrat" in event.metadata["not applicable"].value


def test_a_group_without_an_archived_set_rightly_has_none(installation, instance):
    instance.add_dynamic_partitions(GROUPS.name, ["2025-06-05T23:00:00"])
    other = materialize(installation, instance, "2025-06-05T23:00:00", ["archived_ms"])
    assert other.success
    (event,) = other.asset_materializations_for_node("archived_ms")
    assert "no Measurement Set" in event.metadata["not applicable"].value


def test_a_set_that_changed_after_it_was_accepted_closes_the_gate(
    result, installation, instance, archived, request_made
):
    key = request_made.partition_key
    kept = installation.products.current("measurement_set", key)
    (archived / "table.info").write_text((archived / "table.info").read_text() + "\nedited\n")
    again = materialize(installation, instance, key, ["archived_ms", "measurement_set"])
    assert not again.success
    assert installation.products.current("measurement_set", key) == kept
    (check,) = (one for one in again.get_asset_check_evaluations() if one.check_name == "identity_changed")
    assert not check.passed
