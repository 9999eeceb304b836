"""An inventory that is replayed is found again by ingest, group by group, whatever the order of its files."""

import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.simulate_inventory import simulate_inventory
from dsa_hcal_assets.clock import group_key, utc_now
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets.radio.ingest.scan import SubbandWatch
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.simulation.inventory import Entry
from dsa_hcal_assets.simulation.inventory_replay import replay

DSA = load_profiles()["dsa110"]
START = datetime(2025, 6, 5, 20, 37, 7, tzinfo=UTC)
CADENCE = timedelta(seconds=309)


def inventory(groups):
    """Groups every 309 s; each seventh lacks two subbands, each 31st has none at all but one."""
    found = [1 if n % 31 == 30 else 14 if n % 7 == 6 else 16 for n in range(groups)]
    return [Entry(START + n * CADENCE, count, 16, count * 145_000_000) for n, count in enumerate(found)]


@pytest.fixture
def ingest(database, tmp_path):
    """Look at what was replayed until nothing is left; return the states of all groups."""

    def ingest(directory):
        chosen = RadioSettings(settle_seconds=0.0, scan_batch=20_000, scan_seconds=600.0)
        ledger = Ledger(database, tmp_path / "quarantine")
        watch = SubbandWatch(directory, ledger, database, {"dsa110": DSA}, chosen)
        reports = []
        while not reports or reports[-1].left or reports[-1].settling or reports[-1].accepted:
            reports.append(watch.look(utc_now()))
        watch.close()
        assert not any(one.quarantined or one.refused or one.conflicts for one in reports)
        with database.transaction() as cursor:
            return {one.key: one for one in group_states.latest(cursor, limit=100_000)}

    return ingest


@pytest.mark.parametrize(
    "groups", [32, pytest.param(400, marks=[pytest.mark.verify, pytest.mark.timeout(1800)])]
)
def test_groups_in_any_order_are_found_as_the_list_says(ingest, tmp_path, groups):
    entries = inventory(groups)
    done = replay(entries, tmp_path, DSA, scramble=True)
    assert done.files == sum(entry.found for entry in entries) == len(list(tmp_path.glob("*.hdf5")))
    assert done.real_bytes == 145_000_000 * done.files
    states = ingest(tmp_path)
    assert {key: one.found for key, one in states.items()} == {
        group_key(entry.start): entry.found for entry in entries
    }
    for entry in entries:
        state = states[group_key(entry.start)]
        assert state.state == ("pending" if entry.found == 16 else "collecting")
        assert len(state.missing) == 16 - entry.found


def test_the_subbands_that_are_named_are_the_ones_that_lack(ingest, tmp_path):
    replay([Entry(START, 14, 16, 0, (3, 15))], tmp_path, DSA)
    (state,) = ingest(tmp_path).values()
    assert state.missing == [3, 15]


def test_a_replayed_file_is_one_of_the_telescope_at_its_new_time(tmp_path):
    """Independent of our own reader: pyuvdata, and sidereal time as astropy knows it."""
    from astropy.utils import iers
    from pyuvdata import UVData

    later = START + timedelta(days=100, seconds=17)
    replay([Entry(later, 1, 16, 0, tuple(range(1, 16)))], tmp_path, DSA)
    (path,) = tmp_path.glob("*.hdf5")
    with warnings.catch_warnings(), iers.conf.set_temp("auto_download", False):
        warnings.simplefilter("ignore")
        made = UVData()
        made.read(str(path), file_type="uvh5", run_check=False)
        kept = made.lst_array.copy()
        made.set_lsts_from_time_array()
    assert abs((made.time_array.min() - 2440587.5) * 86400 - later.timestamp()) < 1e-3
    apart = np.angle(np.exp(1j * (kept - made.lst_array)))
    # 100 days of precession in right ascension: about 0.9 s of time
    assert np.abs(apart).max() < 2 * np.pi * 2 / 86400
    assert np.isfinite(made.data_array).all()


def test_the_same_seed_writes_the_same_files(tmp_path):
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        replay(inventory(8), tmp_path / name, DSA, scramble=True, seed=5)
        written.append(sorted(path.name for path in (tmp_path / name).iterdir()))
    assert written[0] == written[1]


def test_another_number_of_subbands_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="expects 8 subbands"):
        replay([Entry(START, 8, 8)], tmp_path, DSA)


def test_the_command_replays_a_list(tmp_path):
    path, out = tmp_path / "list.csv", tmp_path / "out"
    path.write_text("group,found,expected,bytes\n2025-06-05T20:37:07,14,16,2038750000\n")
    found = CliRunner().invoke(simulate_inventory, [str(path), "--out", str(out), "--rate", "1000"])
    assert found.exit_code == 0, found.output
    assert "1 groups, 14 files" in found.output
    assert len(list(out.iterdir())) == 14
