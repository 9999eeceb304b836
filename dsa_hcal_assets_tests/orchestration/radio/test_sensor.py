"""Groups in incoming/uvh5: whole ones become partitions and runs, overdue ones are told once."""

import re
import shutil
from importlib.resources import files

import dagster as dg
import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import incoming
from dsa_hcal_assets.orchestration.partitions import GROUP_SET
from dsa_hcal_assets.orchestration.radio import live_window
from dsa_hcal_assets.orchestration.radio.sensor import look, radio_sensor
from dsa_hcal_assets.radio.profiles import loading
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets_tests.radio import uvh5_files

KEY = "2025-06-05T20:37:07"
pytestmark = pytest.mark.radio


@pytest.fixture(scope="module")
def sixteen(tmp_path_factory):
    """A whole group, small."""
    directory = tmp_path_factory.mktemp("group")
    uvh5_files.write_group(directory, channels=2, integrations=2, antennas=3)
    return directory


@pytest.fixture
def installation(database, tmp_path):
    """An installation whose files land whole."""
    settings = Settings(
        state_dir=tmp_path, database_url=database.url, radio=RadioSettings(settle_seconds=0.0)
    )
    installation = Installation(settings)
    yield installation
    installation.database.close()


@pytest.fixture
def land(installation, sixteen):
    def land(numbers):
        place = installation.settings.incoming / "uvh5"
        place.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            shutil.copy2(sixteen / uvh5_files.name(number), place)

    return land


@pytest.fixture
def impatient(installation):
    """The same installation, giving up on incomplete groups at once."""
    radio = installation.settings.radio.model_copy(update={"collect_hours": 1e-9})
    impatient = Installation(installation.settings.model_copy(update={"radio": radio}))
    yield impatient
    impatient.database.close()


def test_a_group_is_work_when_it_is_whole_and_not_before(installation, land):
    land(range(15))
    assert look(installation) == []
    land([15])
    (work,) = look(installation)
    assert work.partition == KEY
    assert work.note == "16 of 16 subbands, 16 of them new"


def test_looking_again_finds_the_same_work(installation, land):
    land(range(16))
    assert look(installation) == look(installation)


def test_a_whole_group_becomes_a_partition_and_a_run(installation, instance, land, monkeypatch):
    monkeypatch.setattr(incoming, "STAY_SECONDS", 0.0)
    land(range(16))
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    result = radio_sensor(context)
    (added,) = result.dynamic_partitions_requests
    (request,) = result.run_requests
    assert (added.partitions_def_name, added.partition_keys) == ("radio_group", [KEY])
    assert request.partition_key == KEY
    later = dg.build_sensor_context(
        instance=instance, cursor=result.cursor, resources={"installation": installation}
    )
    assert radio_sensor(later).run_requests == []


def test_a_late_subband_brings_a_retired_key_back_by_itself(installation, instance, land, monkeypatch):
    monkeypatch.setattr(incoming, "STAY_SECONDS", 0.0)
    database = installation.database
    instance.add_dynamic_partitions(GROUP_SET, [KEY])
    live_window.retire(instance, database, {KEY: "test"}, utc_now())
    assert [one.key for one in live_window.retired(database)] == [KEY]
    land(range(16))
    result = radio_sensor(
        dg.build_sensor_context(instance=instance, resources={"installation": installation})
    )
    (added,) = result.dynamic_partitions_requests
    # what the daemon does with a request before it launches the runs
    instance.add_dynamic_partitions(added.partitions_def_name, added.partition_keys)
    assert instance.has_dynamic_partition(GROUP_SET, result.run_requests[0].partition_key)
    assert live_window.retired(database) == []


class TestProfiles:
    """Profiles are read when a process begins to watch, and again only when their files change."""

    @pytest.fixture
    def reads(self, monkeypatch):
        """How often profiles were read."""
        counted = []

        def count(directory):
            counted.append(directory)
            return load_profiles(directory)

        monkeypatch.setattr(loading, "load_profiles", count)
        return counted

    @pytest.fixture
    def installation(self, database, tmp_path):
        own = tmp_path / "profiles"
        own.mkdir()
        (tmp_path / "incoming" / "uvh5").mkdir(parents=True)
        chosen = RadioSettings(settle_seconds=0.0, profiles_dir=own)
        installation = Installation(Settings(state_dir=tmp_path, database_url=database.url, radio=chosen))
        yield installation
        installation.database.close()

    def test_looking_again_reads_nothing_again(self, installation, reads):
        for _ in range(3):
            look(installation)
        assert len(reads) == 1

    def test_a_profile_that_is_put_there_is_read_and_used(self, installation, reads, sixteen):
        look(installation)
        shipped = (files("dsa_hcal_assets.radio.profiles") / "dsa110.toml").read_text(encoding="utf-8")
        # half of the subbands; what their frequencies are, it does not say
        fewer, changes = re.subn(r"(?m)^(count = 16|band_hz = .*)$", "", shipped)
        fewer = fewer.replace("[subbands]", "[subbands]\ncount = 8")
        assert changes == 2
        (installation.settings.radio.profiles_dir / "dsa110.toml").write_text(fewer, encoding="utf-8")
        for number in range(8):
            shutil.copy2(sixteen / uvh5_files.name(number), installation.settings.incoming / "uvh5")
        assert [work.note for work in look(installation)] == ["8 of 8 subbands, 8 of them new"]
        assert len(reads) == 2


def test_an_overdue_group_is_told_once_with_what_is_missing(impatient, land):
    land(range(14))
    for _ in range(3):
        assert look(impatient) == []
    (entry,) = open_alerts(impatient.database)
    assert entry.alert.title == f"group {KEY} is incomplete: 14 of 16 subbands"
    assert (entry.alert.severity, entry.alert.partition) == ("warning", KEY)


def test_late_subbands_still_complete_an_overdue_group(impatient, land):
    land(range(14))
    look(impatient)
    look(impatient)
    land([14, 15])
    assert [work.partition for work in look(impatient)] == [KEY]


def test_a_file_that_cannot_be_read_is_quarantined_and_the_rest_goes_on(installation, land):
    land(range(16))
    place = installation.settings.incoming / "uvh5"
    bad = place / uvh5_files.name(3, "2025-06-05T21:00:00")
    bad.write_bytes(b"not HDF5")
    assert [work.partition for work in look(installation)] == [KEY]
    (arrival,) = installation.ledger.quarantined()
    assert arrival.name == bad.name
    assert arrival.reason["remedy"]
