"""Two groups of one drift scan through the assets: the later one is calibrated with the earlier one's set.

Group 0 holds the calibrator, groups 2 and 3, some minutes later, do not.
"""

import json
import shutil
from datetime import timedelta

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.execution.backfill import BulkActionStatus

from dsa_hcal_assets.alerts import record
from dsa_hcal_assets.cli.calibration import calibration
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import radio
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.recalibration import ask_backfill
from dsa_hcal_assets.orchestration.radio.sensor import look
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.radio.calibration.application import NoTableHolds
from dsa_hcal_assets.radio.calibration.choice import due
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.inspection import ClockDoubted
from dsa_hcal_assets.radio.calibration.registry import take_out
from dsa_hcal_assets.radio.calibration.sets import history, list_sets
from dsa_hcal_assets.radio.calibration.solutions import CaltableUnreadable
from dsa_hcal_assets.radio.observation import MS_NAME
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_groups
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.orchestration.radio.backfilling import BackfillDaemon, instance_on_disk

pytestmark = [pytest.mark.radio, pytest.mark.timeout(600)]

UP_TO_FLAGS = ("uvh5_group", "measurement_set", "flags", "calibration_tables")
# 116 comes before 103 among the references of the profile, and is the antenna that delivers nothing
SETUP = GroupSetup(antennas=9, channels=4, integrations=8, dead_antennas=1, seed=9)
DEAD, REFERENCE = 116, "103"


@pytest.fixture(scope="module")
def installation(server, migrated_template, tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    administer(server, f"create database across template {migrated_template} strategy file_copy")
    chosen = RadioSettings(settle_seconds=0.0, imsize=512, niter=50)
    installation = Installation(Settings(state_dir=state, database_url=server.url("across"), radio=chosen))
    yield installation
    installation.database.close()


@pytest.fixture(scope="module")
def instance():
    with instance_on_disk() as instance:
        yield instance


@pytest.fixture(scope="module")
def groups(installation, instance):
    """Keys of the group with the calibrator and of the later ones, landed."""
    place = installation.settings.incoming / "uvh5"
    place.mkdir(parents=True)
    made = simulate_groups(place, load_profiles()["dsa110"], SETUP, groups=[0, 2, 3])
    assert json.loads(made[0].truth.read_text())["dead_antennas"] == [DEAD]
    # a look takes a bounded time: on a busy machine the first may not come to the end of the directory
    looks = (sorted(work.partition for work in look(installation)) for _ in range(10))
    keys = next(found for found in looks if len(found) == len(made))
    instance.add_dynamic_partitions(GROUPS.name, keys)
    return keys


@pytest.fixture(scope="module")
def materialize(installation, instance):
    def materialize(key, *selected):
        return dg.materialize(
            list(radio.ASSETS),
            selection=list(selected),
            partition_key=key,
            resources={"installation": installation},
            instance=instance,
            raise_on_error=False,
        )

    return materialize


@pytest.fixture(scope="module")
def calibrator(groups, materialize):
    return materialize(groups[0], *UP_TO_FLAGS)


@pytest.fixture(scope="module")
def target(groups, materialize, calibrator):
    """Both later groups calibrated; the result of the first of them."""
    assert materialize(groups[2], *UP_TO_FLAGS, "calibrated_ms").success
    return materialize(groups[1], *UP_TO_FLAGS, "calibrated_ms")


@pytest.fixture
def backfill_daemon(installation, instance, monkeypatch):
    """Dagster's backfill daemon, working on the platform's definitions as the environment makes them."""
    settings = installation.settings
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(settings.state_dir))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", installation.database.url)
    monkeypatch.setenv("DSA_HCAL_RADIO__IMSIZE", str(settings.radio.imsize))
    monkeypatch.setenv("DSA_HCAL_RADIO__NITER", str(settings.radio.niter))
    # a small field away from the calibrator holds nothing bright
    monkeypatch.setenv(variable("continuum_image", "dynamic_range", "error_below"), "0")
    return BackfillDaemon(instance)


def failures(instance, run):
    """Return what a run's steps failed with."""
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [event.dagster_event.step_failure_data.error_display_string[:600] for event in events]


def closed(result):
    return [
        f"{one.asset_key.to_user_string()}.{one.check_name}: {one.metadata}"
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    ]


def metadata(result, asset):
    (event,) = result.asset_materializations_for_node(asset)
    return event.metadata


def test_the_group_with_the_calibrator_registers_a_set(calibrator, installation, groups):
    assert closed(calibrator) == []
    assert calibrator.success
    (found,) = list_sets(installation.database)
    assert (found.group, found.calibrator, found.state) == (groups[0], "3C147", "active")


def test_a_dead_reference_antenna_is_passed_over(calibrator, installation):
    (found,) = list_sets(installation.database)
    assert found.reference_antenna.endswith(REFERENCE)


def test_the_set_is_centred_on_the_transit(calibrator, installation, groups):
    (found,) = list_sets(installation.database)
    ((transit,),) = installation.database.rows(
        "select transit from radio.group_calibrator where group_key = %s and rank = 1", (groups[0],)
    )
    assert abs(found.centre - transit) < timedelta(seconds=1)
    assert found.valid_until - found.centre == found.centre - found.valid_from == timedelta(hours=24)


def test_the_group_without_one_is_calibrated_with_that_set(target, installation, groups):
    assert closed(target) == []
    assert target.success
    (found,) = list_sets(installation.database)
    told = metadata(target, "calibrated_ms")
    assert told["calibration set"].value == f"{found.set_id} of {groups[0]} (3C147)"
    assert told["standing"].value == "valid"
    made = installation.products.require_passed("calibrated_ms", groups[1])
    assert made.provenance.parameters["calibration_set"] == found.set_id
    assert installation.products.of_id(found.product_id).as_input() in made.provenance.inputs
    assert due(installation.database) == []


class TestASetOfAnArchive:
    @pytest.fixture
    def archived(self, target, installation, tmp_path):
        """The set as somebody kept it, without manifest and what the platform adds."""
        (found,) = list_sets(installation.database, state="active")
        source = installation.products.of_id(found.product_id).path
        ignored = shutil.ignore_patterns("manifest.json", "figures", "stage.json")
        copy = shutil.copytree(source, tmp_path / "kept", ignore=ignored)
        for one in [copy, *copy.rglob("*")]:
            one.chmod(0o755 if one.is_dir() else 0o644)
        return copy

    @pytest.fixture
    def register(self, installation, monkeypatch):
        monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(installation.settings.state_dir))
        monkeypatch.setenv("DSA_HCAL_DATABASE_URL", installation.database.url)
        return lambda place: CliRunner().invoke(
            calibration, ["register", str(place), "--reason", "of last year's archive"]
        )

    def shift(self, place, hours):
        """Move the set in time, as a clock that is wrong does, or an age."""
        described, later = SetDescription.load(place), timedelta(hours=hours)
        moved = {name: getattr(described, name) + later for name in ("start", "end", "centre")}
        tables = tuple(
            one.model_copy(
                update={"valid_from": one.valid_from + later, "valid_until": one.valid_until + later}
            )
            for one in described.tables
        )
        described.model_copy(update={**moved, "tables": tables}).save(place)

    def test_times_that_are_an_hour_off_are_refused_with_the_reason(self, archived, register, installation):
        before = list_sets(installation.database)
        self.shift(archived, 1)
        refused = register(archived)
        assert isinstance(refused.exception, ClockDoubted)
        assert "3C147 was not on the meridian" in str(refused.exception)
        assert "+1.00 h off" in str(refused.exception)
        assert list_sets(installation.database) == before

    def test_applied_beyond_its_range_only_the_bandpass_counts_and_its_age_is_measured(
        self, archived, installation, groups, tmp_path
    ):
        self.shift(archived, -30)
        products, profile = installation.products, load_profiles()["dsa110"].model_dump(mode="json")
        arguments = {
            "ms": str(products.require("measurement_set", groups[1]).path / MS_NAME),
            "flags": str(products.require("flags", groups[1]).path),
            "calibration": str(archived),
            "profile": profile,
            "out_dir": str(tmp_path / "out"),
        }

        def apply(**more):
            return installation.workers.call(
                "dsa_hcal_assets.radio.calibration.job:apply",
                {**arguments, **more},
                wall_seconds=280,
                log=tmp_path / "apply.log",
            )

        with pytest.raises(NoTableHolds):
            apply()
        reply = apply(beyond_validity=True)
        values = {one["name"]: one["value"] for one in reply["metrics"]}
        assert reply["tables"] == ["bandpass"]
        assert values["staleness_hours"] == pytest.approx(30, abs=0.2)
        assert values["beyond_validity_hours"] == pytest.approx(6, abs=0.2)

    def test_a_set_that_fails_its_limits_is_on_record_and_not_used(
        self, archived, register, installation, monkeypatch
    ):
        (used,) = list_sets(installation.database, state="active")
        monkeypatch.setenv("DSA_HCAL_THRESHOLD__CALIBRATION_TABLES__BANDPASS_SNR__WARN_BELOW", "2e9")
        monkeypatch.setenv("DSA_HCAL_THRESHOLD__CALIBRATION_TABLES__BANDPASS_SNR__ERROR_BELOW", "1e9")
        refused = register(archived)
        assert refused.exit_code == 1, refused.exception
        (failed,) = list_sets(installation.database, state="retired")
        assert failed.reason == "failed its checks: bandpass_snr"
        assert list_sets(installation.database, state="active") == [used]

    def test_a_table_that_cannot_be_read_is_refused(self, archived, register, installation):
        before = list_sets(installation.database)
        (archived / "gain.cal" / "table.dat").write_bytes(b"no table")
        refused = register(archived)
        assert isinstance(refused.exception, CaltableUnreadable)
        assert list_sets(installation.database) == before

    def test_it_becomes_a_product_and_a_set_in_the_place_of_the_old_one(
        self, archived, register, installation, groups
    ):
        (old,) = list_sets(installation.database, state="active")
        done = register(archived)
        assert done.exit_code == 0, (done.output, done.exception)
        found = {one.set_id: one for one in list_sets(installation.database)}
        new = found.pop(max(found))
        assert found[old.set_id].state == "superseded"
        assert (new.state, new.group, new.reason) == ("active", groups[0], "of last year's archive")
        assert (
            installation.products.require_passed("calibration_tables", groups[0]).product_id == new.product_id
        )
        assert [(one.group, one.why) for one in due(installation.database)] == [
            (key, "the set that was used is superseded") for key in groups[1:]
        ]


def test_a_caltable_that_rots_on_disk_is_noticed_and_the_group_refused_with_the_reason(
    target, installation, groups, materialize
):
    """Nothing else is there to calibrate with: neither the damaged set nor none at all is used."""
    (found,) = list_sets(installation.database, state="active")
    product = installation.products.of_id(found.product_id)
    table = next(product.path.glob("bandpass*/table.f0*"))
    table.chmod(0o644)
    kept = table.read_bytes()
    table.write_bytes(kept[: len(kept) // 2] + bytes(len(kept) - len(kept) // 2))
    before = installation.products.current("calibrated_ms", groups[1])
    result = materialize(groups[1], "calibrated_ms")
    assert not result.success
    assert installation.products.current("calibrated_ms", groups[1]) == before
    (damaged,) = list_sets(installation.database, state="damaged")
    assert damaged.set_id == found.set_id
    assert "has changed since it was published" in history(installation.database, damaged.set_id)[-1][2]
    titles = {one.alert.title: one.alert.message for one in record.open_alerts(installation.database)}
    assert f"calibration set {found.set_id} of {groups[0]} is damaged" in titles
    assert "is damaged" in titles[f"group {groups[1]} cannot be calibrated"]


def test_once_a_better_set_has_come_one_backfill_makes_what_is_stale_anew(
    target, installation, instance, groups, materialize, backfill_daemon
):
    """One group was refused, the other has data of a set that is out of use since."""
    database, products = installation.database, installation.products
    assert due(database) == []
    assert materialize(groups[0], "calibration_tables").success
    (better,) = list_sets(database, state="active")
    assert [(one.group, one.better_set, one.why) for one in due(database)] == [
        (groups[1], better.set_id, "no set could be used"),
        (groups[2], better.set_id, "the set that was used is superseded"),
    ]
    before = products.require("calibrated_ms", groups[2])
    repository = build_definitions(installation).get_repository_def()
    asked = ask_backfill(instance, database, repository, [one.group for one in due(database)], utc_now())
    assert len(due(database)) == 2

    backfill_daemon.run()
    runs = instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": asked}))
    assert sorted(run.tags["dagster/partition"] for run in runs) == groups[1:]
    assert [failures(instance, run) for run in runs] == [[], []]
    assert instance.get_backfill(asked).status is BulkActionStatus.COMPLETED_SUCCESS
    assert due(database) == []
    for key in groups[1:]:
        made = products.require_passed("calibrated_ms", key)
        assert made.provenance.parameters["calibration_set"] == better.set_id
        image = products.require_passed("continuum_image", key)
        assert made.as_input() in image.provenance.inputs
        products.require_passed("radio_qa_report", key)
    assert products.require("calibrated_ms", groups[2]).version == before.version + 1
    titles = [one.alert.title for one in record.open_alerts(database)]
    assert not any("cannot be calibrated" in title for title in titles)


def test_a_set_that_is_taken_out_later_is_never_used_again(target, installation, groups, materialize):
    chosen = list_sets(installation.database, state="active")[0]
    take_out(installation.database, chosen.set_id, "blacklisted", "wrong model")
    result = materialize(groups[1], "calibrated_ms")
    assert not result.success
    (reason,) = installation.database.rows(
        "select reason from radio.calibration_use order by use_id desc limit 1"
    )[0]
    assert "blacklisted: wrong model" in reason
