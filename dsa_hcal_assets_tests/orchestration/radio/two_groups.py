"""A platform with two small groups of a drift scan over 3C147: one of subbands, one of an archive."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.orchestration import radio
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.ms_sensor import look as look_for_sets
from dsa_hcal_assets.orchestration.radio.sensor import look as look_for_subbands
from dsa_hcal_assets.radio.archive.reference import Reference
from dsa_hcal_assets.radio.calibration.registry import take_out
from dsa_hcal_assets.radio.calibration.sets import list_sets
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets_tests.orchestration.radio.remembering import RememberingWorkers

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
# a third of the time of a small run goes into what nobody reads
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
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

    def take_up(self, source, landed, *stages):
        """Take the group that landed through stages."""
        (work,) = landed
        self.keys[source] = work.partition
        self.instance.add_dynamic_partitions(GROUPS.name, [work.partition])
        assert self.materialize(source, source, *stages).success

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
            run_config=QUIET,
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


@contextmanager
def two_groups(home, database_url):
    """Take a simulated group of subbands through all stages, and one of an archive to its Measurement Set."""
    state = home / "state"
    shipped = (files("dsa_hcal_assets.radio.profiles") / "dsa110.toml").read_text()
    # a field model needs images, and these are small here
    small = shipped.replace("field_model = true", "field_model = false").replace(
        "imsize = 4800", "imsize = 600"
    )
    assert small.count("field_model = false") == small.count("imsize = 600") == 1
    (state / "profiles").mkdir(parents=True)
    (state / "profiles" / "dsa110.toml").write_text(small)
    chosen = RadioSettings(settle_seconds=0.0, profiles_dir=state / "profiles", niter=100)
    settings = Settings(state_dir=state, database_url=database_url, radio=chosen)
    with dg.DagsterInstance.ephemeral() as instance:
        platform = Platform(settings, RememberingWorkers(home), instance)
        platform.take_up("uvh5_group", _landed(platform), *ORDER)
        assert platform.materialize("quicklook_image", "quicklook_image").success
        platform.take_up("archived_ms", _landed_from_archive(platform, home / "archive"), "measurement_set")
        yield platform
        platform.installation.database.close()


def _landed(platform):
    place = platform.settings.incoming / "uvh5"
    place.mkdir(parents=True)
    simulate_group(place, load_profiles()["dsa110"], SETUP)
    return look_for_subbands(platform.installation)


def _landed_from_archive(platform, archive):
    """The same sky a day later, converted long ago."""
    archive.mkdir()
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
