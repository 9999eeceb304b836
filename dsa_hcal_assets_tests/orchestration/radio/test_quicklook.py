"""A quick look beside the science run: asked for once, told apart, its latency on record."""

import json
import shutil
from datetime import timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.partitions import GROUP_SET, GROUPS
from dsa_hcal_assets.orchestration.radio import quicklook_sensor as watching
from dsa_hcal_assets.orchestration.radio.quicklook import quicklook_image
from dsa_hcal_assets.orchestration.radio.quicklook_sensor import MOST_AT_ONCE, radio_quicklook_sensor
from dsa_hcal_assets.orchestration.radio.sensor import look
from dsa_hcal_assets.quality.store import latest as verdicts_of
from dsa_hcal_assets.radio.calibration.entering import enter
from dsa_hcal_assets.radio.calibration.registry import take_out
from dsa_hcal_assets.radio.calibration.sets import list_sets
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.quicklook import latency
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.orchestration.radio.moved_sets import register_moved
from dsa_hcal_assets_tests.radio.conftest import simulated

pytestmark = pytest.mark.radio
KEY = "2025-06-05T20:38:24"


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """A small calibrator group and the gains solved on it."""
    setup = GroupSetup(antennas=10, channels=4, integrations=12)
    return simulated(tmp_path_factory.mktemp("group"), setup, **{"calibration.field_model": False})


@pytest.fixture(scope="module")
def installation(server, migrated_template, tmp_path_factory, chain):
    """An installation in whose incoming directory the group has landed."""
    name, state = "radio_quicklook", tmp_path_factory.mktemp("state")
    administer(server, f"create database {name} template {migrated_template} strategy file_copy")
    chosen = RadioSettings(settle_seconds=0.0)
    installation = Installation(Settings(state_dir=state, database_url=server.url(name), radio=chosen))
    place = installation.settings.incoming / "uvh5"
    place.mkdir(parents=True)
    for path in (chain.home / "incoming").glob("*.hdf5"):
        shutil.copy2(path, place)
    assert [work.partition for work in look(installation)] == [KEY]
    yield installation
    installation.database.close()


def made(installation):
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(GROUPS.name, [KEY])
        return dg.materialize(
            [quicklook_image],
            partition_key=KEY,
            resources={"installation": installation},
            instance=instance,
            raise_on_error=False,
        )


@pytest.fixture(scope="module")
def before(installation):
    """The quick look while the registry is empty."""
    return made(installation)


@pytest.fixture(scope="module")
def result(installation, chain, before):
    """The quick look with the group's own calibration set on record."""
    _ = chain.solutions
    profile = Profile.model_validate(chain.profile)
    enter(
        chain.home / "tables",
        chain.solutions["metrics"],
        profile,
        installation.thresholds,
        installation.products,
        installation.database,
        "test",
    )
    return made(installation)


def shown(result):
    (event,) = result.asset_materializations_for_node("quicklook_image")
    return event.metadata


def newest(installation):
    with installation.database.transaction() as cursor:
        return latency.latest(cursor)


def test_without_a_calibration_set_it_says_so_and_is_no_failure(before, result):
    assert before.success
    assert "no calibration set" in shown(before)["not applicable"].value


def test_with_one_there_is_an_image_and_a_verdict_on_each_metric(result, installation):
    assert result.success
    product = installation.products.require("quicklook_image", KEY)
    assert {"image.fits", "image.png", "quicklook.json"} <= {path.name for path in product.path.iterdir()}
    verdicts = verdicts_of(installation.database, product.product_id)
    expected = {one.metric for one in installation.thresholds.of_stage("quicklook_image")}
    assert {one.metric for one in verdicts} == expected
    assert len(product.provenance.inputs) == 16 + 1


def test_its_latency_is_on_record_and_on_the_materialisation(result, installation):
    found = newest(installation)
    assert found.group_key == KEY
    seconds = found.since_landing
    assert list(seconds.values()) == sorted(seconds.values())
    assert shown(result)["seconds until judged"].value == pytest.approx(seconds["judged"])
    assert seconds["imaged"] > seconds["started"]


def test_a_set_beyond_its_range_is_applied_with_a_warning(result, installation, chain):
    (own,) = list_sets(installation.database, state="active")
    old = register_moved(installation, chain.home / "tables", hours=-30)
    take_out(installation.database, own.set_id, "retired", "so that only an old one is left")
    stale = made(installation)
    assert stale.success
    assert shown(stale)["calibration set"].value.startswith(f"{old.set_id} of ")
    assert shown(stale)["standing"].value == "stale"
    warned = {one.check_name: one for one in stale.get_asset_check_evaluations() if not one.passed}
    assert warned["beyond_validity_hours"].severity is dg.AssetCheckSeverity.WARN
    assert warned["beyond_validity_hours"].metadata["value"].value == pytest.approx(6, abs=0.2)
    assert f"set {old.set_id} of" in warned["beyond_validity_hours"].description
    product = installation.products.require_passed("quicklook_image", KEY)
    kept = json.loads((product.path / "stage.json").read_text())["calibration"]
    assert (kept["standing"], kept["tables"]) == ("stale", ["bandpass"])


def test_the_group_is_still_work_for_its_science_run(result, installation):
    assert [work.partition for work in look(installation)] == [KEY]


@pytest.fixture
def tick(monkeypatch, instance):
    monkeypatch.setattr(watching, "STAY_SECONDS", 0.0)

    def tick(installation, cursor=None):
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, resources={"installation": installation}
        )
        return radio_quicklook_sensor(context)

    return tick


def test_a_group_that_became_whole_is_asked_for_once_before_everything_else(installation, tick, instance):
    first = tick(installation)
    (request,) = first.run_requests
    assert (request.partition_key, request.tags["dagster/priority"]) == (KEY, "20")
    (added,) = first.dynamic_partitions_requests
    assert (added.partitions_def_name, list(added.partition_keys)) == (GROUP_SET, [KEY])
    assert tick(installation, first.cursor).run_requests == []


def test_of_a_batch_only_the_newest_are_asked_for(installation, tick):
    now = utc_now()
    cursor = tick(installation).cursor
    keys = [f"2026-01-02T0{number}:00:00" for number in range(MOST_AT_ONCE + 2)]
    with installation.database.transaction() as transaction:
        for number, key in enumerate(keys):
            moment = now + timedelta(seconds=number)
            transaction.execute(
                "insert into radio.observation_group (group_key, profile, telescope, expected, found, state, "
                "content, first_sample, first_seen, last_seen, completed_at) "
                "values (%s, 'dsa110', 'DSA-110', 16, 16, 'complete', 'c', %s, %s, %s, %s)",
                (key, moment, moment, moment, moment),
            )
    later = tick(installation, cursor)
    assert [request.partition_key for request in later.run_requests] == keys[: -MOST_AT_ONCE - 1 : -1]
    assert tick(installation, later.cursor).run_requests == []


def test_switched_off_nothing_is_asked_for(installation, tick):
    radio = installation.settings.radio.model_copy(update={"quicklook": "off"})
    off = Installation(installation.settings.model_copy(update={"radio": radio}))
    assert "off" in tick(off).skip_message
