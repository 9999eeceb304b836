"""Each gate of the radio stages, one by one: closed it stops what is behind it, lifted that goes on.

A simulated group goes through the shipped assets. Then, for every blocking limit of the thresholds file,
the limit is moved by its environment variable so that the measured value is beyond it, and back.
"""

from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import dagster as dg
import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.orchestration import radio
from dsa_hcal_assets.orchestration.checks import check_name
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.ms_sensor import look as look_for_sets
from dsa_hcal_assets.orchestration.radio.sensor import look as look_for_subbands
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.radio.archive.reference import Reference
from dsa_hcal_assets.radio.calibration.registry import take_out
from dsa_hcal_assets.radio.calibration.sets import list_sets
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.orchestration.radio.remembering import RememberingWorkers

pytestmark = [pytest.mark.radio, pytest.mark.timeout(900)]

SETUP = GroupSetup(antennas=9, channels=2, integrations=6)
# the stage that reads what a stage makes
NEXT = {
    "uvh5_group": "measurement_set",
    "archived_ms": "measurement_set",
    "measurement_set": "flags",
    "flags": "calibration_tables",
    "calibration_tables": "calibrated_ms",
    "calibrated_ms": "continuum_image",
    "continuum_image": "radio_qa_report",
}
LOOKS_AT_MATERIALISATIONS = dg.AutomationCondition.any_deps_updated().since_last_handled()
# a set that failed is never chosen: the group is refused unless another set holds
REFUSALS = {"calibration_tables": "NoValidCalibration"}
# nothing reads them: a closed gate is told, and the run fails
QUICK = "quicklook_image"
LAST = (QUICK, "radio_qa_report")
SHIPPED = Thresholds.load(environ={})
GATES = [(stage, one.metric) for stage in (*NEXT, *LAST) for one in SHIPPED.of_stage(stage) if one.blocking]
ORDER = [
    "measurement_set",
    "flags",
    "calibration_tables",
    "calibrated_ms",
    "continuum_image",
    "radio_qa_report",
]


class Platform:
    """An installation with two groups, one of subbands and one of an archive, and who runs its assets."""

    def __init__(self, settings, workers, instance):
        self.settings, self.workers, self.instance = settings, workers, instance
        self.installation = Installation(settings)
        self.keys = {}

    def take_up(self, source, landed):
        """Take the group that landed through all stages."""
        (work,) = landed
        self.keys[source] = work.partition
        self.instance.add_dynamic_partitions(GROUPS.name, [work.partition])
        assert self.materialize(source, source, *ORDER).success

    def key(self, stage):
        return self.keys["archived_ms" if stage == "archived_ms" else "uvh5_group"]

    def behind(self, stage):
        """All stages behind one, in order."""
        return ORDER[ORDER.index(NEXT[stage]) :] if stage in NEXT else []

    def materialize(self, stage, *selected):
        """Run assets on the group of `stage`, in an installation that reads its limits anew."""
        key = self.workers.partition = self.key(stage)
        installation = Installation(self.settings)
        installation.__dict__["workers"] = self.workers
        result = dg.materialize(
            [one for one in radio.ASSETS if one.key.to_user_string() in selected],
            partition_key=key,
            resources={"installation": installation},
            instance=self.instance,
            raise_on_error=False,
        )
        installation.database.close()
        return result

    def value(self, stage, metric):
        product = self.installation.products.require(stage, self.key(stage))
        ((value,),) = self.installation.database.rows(
            "select value from platform.latest_verdict where metric = %s and product_id = %s",
            (metric, product.product_id),
        )
        return value

    def retire_sets(self):
        """Take the calibration sets of earlier tests out of use."""
        for one in list_sets(self.installation.database, state="active"):
            take_out(self.installation.database, one.set_id, "retired", "of an earlier test")


@pytest.fixture(scope="module")
def platform(server, migrated_template, tmp_path_factory):
    state, archive = tmp_path_factory.mktemp("state"), tmp_path_factory.mktemp("archive")
    administer(server, f"create database radio_gates template {migrated_template} strategy file_copy")
    shipped = (files("dsa_hcal_assets.radio.profiles") / "dsa110.toml").read_text()
    # a field model needs images, and these are small here
    small = shipped.replace("field_model = true", "field_model = false").replace(
        "imsize = 4800", "imsize = 600"
    )
    assert small.count("field_model = false") == small.count("imsize = 600") == 1
    (state / "profiles").mkdir()
    (state / "profiles" / "dsa110.toml").write_text(small)
    chosen = RadioSettings(settle_seconds=0.0, profiles_dir=state / "profiles", niter=100)
    settings = Settings(state_dir=state, database_url=server.url("radio_gates"), radio=chosen)
    with dg.DagsterInstance.ephemeral() as instance:
        platform = Platform(settings, RememberingWorkers(tmp_path_factory.mktemp("kept")), instance)
        platform.take_up("uvh5_group", _landed(platform))
        assert platform.materialize(QUICK, QUICK).success
        platform.take_up("archived_ms", _landed_from_archive(platform, archive))
        yield platform
        platform.installation.database.close()


def _landed(platform):
    place = platform.settings.incoming / "uvh5"
    place.mkdir(parents=True)
    simulate_group(place, load_profiles()["dsa110"], SETUP)
    return look_for_subbands(platform.installation)


def _landed_from_archive(platform, archive):
    """The same sky a day later, converted long ago."""
    profile = load_profiles()["dsa110"]
    group = simulate_group(archive, profile, replace(SETUP, day=SETUP.day + timedelta(days=1)))
    convert_group(list(group.files), archive / "old.ms", profile)
    identity = trees.identify(archive / "old.ms")
    place = platform.settings.incoming / "ms"
    place.mkdir(parents=True)
    Reference(
        path=archive / "old.ms", digest=identity.digest, bytes=identity.bytes, pointing_dec_deg=49.9
    ).write(place)
    return look_for_sets(platform.installation)


@pytest.fixture
def closed(platform, monkeypatch):
    """Move the limit of a metric so that its measured value fails; return how to lift that again."""

    def close(stage, metric):
        value, limit = platform.value(stage, metric), SHIPPED.by_stage[stage][metric]
        profile = "dsa110" if "dsa110" in limit.profiles else None
        own = limit.for_profile("dsa110").limits
        if own.error_below is not None:
            monkeypatch.setenv(variable(stage, metric, "error_below", profile), str(value + 1))
        if own.error_above is not None:
            beyond = value - 1 if own.error_below is None else value + 2
            monkeypatch.setenv(variable(stage, metric, "error_above", profile), str(beyond))

    yield close
    monkeypatch.undo()


def test_every_blocking_limit_of_the_radio_stages_is_among_the_gates():
    assert len(GATES) > 40
    assert {stage for stage, _ in GATES} == {one.key.to_user_string() for one in radio.ASSETS}


@pytest.mark.parametrize(("stage", "metric"), GATES)
def test_a_gate_stops_what_is_behind_it_until_it_is_lifted(platform, closed, monkeypatch, stage, metric):
    if stage == "calibration_tables":
        platform.retire_sets()
    closed(stage, metric)
    behind = platform.behind(stage)
    stopped = platform.materialize(stage, stage, *behind)
    assert not stopped.success
    assert materialized(stopped) == [stage]
    assert (stage, check_name(metric)) in failed_checks(stopped)
    assert told(platform, stage, metric)
    if stage in NEXT:
        later = platform.materialize(stage, NEXT[stage])
        assert not later.success
        assert refusal(later, NEXT[stage]) == REFUSALS.get(stage, "GateBlocked")
    monkeypatch.undo()
    lifted = platform.materialize(stage, stage, *behind[:1])
    assert lifted.success
    assert materialized(lifted) == [stage, *behind[:1]]


@pytest.mark.parametrize("stage", NEXT)
def test_automation_that_takes_a_blocked_product_for_a_new_one_is_refused_and_then_goes_on(
    platform, closed, monkeypatch, stage
):
    """A materialisation whose checks failed is one all the same."""
    if stage == "calibration_tables":
        platform.retire_sets()
    behind = NEXT[stage]
    automation = Automation(platform, stage, behind, LOOKS_AT_MATERIALISATIONS)
    assert not automation.asks()
    closed(stage, next(metric for gated, metric in GATES if gated == stage))
    assert not platform.materialize(stage, stage).success
    assert automation.asks()
    assert not platform.materialize(stage, behind).success
    assert not automation.asks()
    monkeypatch.undo()
    assert platform.materialize(stage, stage).success
    assert automation.asks()
    assert platform.materialize(stage, behind).success


def test_automation_that_waits_for_blocking_checks_does_not_ask_before_the_gate_is_lifted(
    platform, closed, monkeypatch
):
    condition = LOOKS_AT_MATERIALISATIONS & dg.AutomationCondition.all_deps_blocking_checks_passed()
    automation = Automation(platform, "measurement_set", "flags", condition)
    assert not automation.asks()
    closed("measurement_set", "zero_windows")
    assert not platform.materialize("measurement_set", "measurement_set").success
    assert not automation.asks()
    monkeypatch.undo()
    assert platform.materialize("measurement_set", "measurement_set").success
    assert automation.asks()


class Automation:
    """The daemon's view: what a condition on `behind` asks for since the last look."""

    def __init__(self, platform, stage, behind, condition):
        self.platform, self.behind, self.key, self.cursor = platform, behind, platform.key(stage), None
        assets = dg.map_asset_specs(
            lambda spec: (
                spec.replace_attributes(automation_condition=condition)
                if spec.key == dg.AssetKey(behind)
                else spec
            ),
            radio.ASSETS,
        )
        self.definitions = dg.Definitions(assets, resources={"installation": platform.installation})

    def asks(self):
        found = dg.evaluate_automation_conditions(
            self.definitions, self.platform.instance, cursor=self.cursor
        )
        self.cursor = found.cursor
        return self.key in found.get_requested_partitions(dg.AssetKey(self.behind))


def materialized(result):
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]


def failed_checks(result):
    return {
        (one.asset_key.to_user_string(), one.check_name)
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    }


def refusal(result, asset):
    return result.failure_data_for_node(asset).user_failure_data.metadata["error"].text


def told(platform, stage, metric):
    alerts = [entry.alert for entry in open_alerts(platform.installation.database)]
    return any(one.source == stage and metric in one.details for one in alerts)
