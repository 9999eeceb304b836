"""One look of the radio sensor at an incoming directory with years of files, and what it costs.

``python -m benchmarks.ingest_scan [--quick]``: a directory of known subband names (100,000; quick:
20,000) and three times as many in the ledger's history. Timed are the first look of a new process, a
look when nothing happened, and the look that takes sixteen new subbands with headers of DSA-110's full
size, in this directory and in one of a tenth of its files. The alternative forgets between looks:
every look lists, asks the database about every name and stats what it does not know. The floor is
one bare listing of the directory.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h5py
import numpy as np

from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.radio.ingest.scan import SubbandWatch
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings.radio import RadioSettings

FULL, QUICK = 100_000, 20_000
HISTORY = 3  # files of the past that are no longer here, for each that is
CADENCE = timedelta(seconds=309)
START = datetime(2023, 1, 1, tzinfo=UTC)
REPEATS = 5


@dataclass
class Scene:
    """A directory, its ledger, and the time of the next group to land."""

    incoming: Path
    database: Database
    ledger: Ledger
    next_group: datetime

    def watch(self) -> SubbandWatch:
        """A watch that has seen nothing; files are taken at once."""
        settings = RadioSettings(settle_seconds=0)
        return SubbandWatch(self.incoming, self.ledger, self.database, load_profiles(), settings)

    def land(self) -> None:
        """Let the sixteen subbands of one group appear."""
        staging = self.incoming.parent / "staging"
        staging.mkdir(exist_ok=True)
        for number in range(16):
            path = write_headers(staging / name(self.next_group, number), self.next_group, number)
            path.rename(self.incoming / path.name)
        self.next_group += CADENCE


def main() -> None:
    """Measure, print a table, and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    files = QUICK if parser.parse_args().quick else FULL
    with scene(files // 10) as small:
        _, _, sixteen_of_small = looks(small)
    with scene(files) as large:
        first, idle, sixteen = looks(large)
        forgetful = median(lambda: forget_and_look(large))
        listing = median(lambda: list_names(large.incoming))
    seconds = {
        "first_look": first,
        "idle_look": idle,
        "look_with_16_new": sixteen,
        "look_with_16_new_in_a_tenth": sixteen_of_small,
        "look_without_memory": forgetful,
        "bare_listing": listing,
    }
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"{files} known files in the directory, {HISTORY * files} more in the ledger\n")
    for what, value in seconds.items():
        print(f"{what.replace('_', ' '):32s} {1000 * value:10.1f} ms")
    record = {
        "name": "ingest_scan",
        "size": {"known_files": files, "history": HISTORY * files, "new_files": 16},
        "seconds": {what: round(value, 5) for what, value in seconds.items()},
        "ratios": {"look_without_memory": round(forgetful / idle, 1)},
        "shares": {"bare_listing": round(sixteen / listing, 2)},
        "peak_rss_mib": round(max(usage) / 1024, 1),
    }
    print(json.dumps(record))


def looks(scene: Scene) -> tuple[float, float, float]:
    """Return the wall seconds of a first look, of an idle one, and of one that takes sixteen files."""
    watch = scene.watch()
    first = timed(lambda: watch.look(now()))
    scene.land()
    watch.look(now())  # starts the header reader
    time.sleep(2.5)  # the directory's time stamp has to be older than it is coarse
    watch.look(now())
    idle = median(lambda: watch.look(now()))
    taken = []
    for _ in range(REPEATS):
        scene.land()
        started = time.perf_counter()
        report = watch.look(now())
        taken.append(time.perf_counter() - started)
        assert len(report.accepted) == 16, report
    watch.close()
    return first, idle, statistics.median(taken)


def list_names(directory: Path) -> list[str]:
    """Return all names, and do nothing else."""
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries]


def forget_and_look(scene: Scene) -> None:
    """Look as if for the first time."""
    scene.watch().look(now())


@contextmanager
def scene(files: int) -> Iterator[Scene]:
    """Make a directory with `files` empty known files and a ledger that has them and a long past."""
    home = Path(tempfile.mkdtemp(prefix="ingest-scan-"))
    home.chmod(0o711)  # the server's account has to pass
    try:
        with EmbeddedServer(home / "postgres", 0) as server:
            database = Database(server.url())
            migrations.apply(database)
            incoming = home / "uvh5"
            incoming.mkdir()
            names = [name(START + CADENCE * (number // 16), number % 16) for number in range(files)]
            for known in names:
                (incoming / known).touch()
            remember(database, names)
            remember(database, [f"past-{number}" for number in range(HISTORY * files)])
            yield Scene(
                incoming, database, Ledger(database, home / "quarantine"), START + CADENCE * (files // 16 + 1)
            )
            database.close()
    finally:
        shutil.rmtree(home)


def remember(database: Database, names: list[str]) -> None:
    """Enter names into the ledger as loaded long ago."""
    with database.transaction() as cursor:
        cursor.execute(
            "with entered as (insert into platform.arrival (source, name, subject, partition, digest, bytes,"
            " state, loaded_at, run_id, incoming_path)"
            " select 'uvh5', n, n, left(n, 19), n, 1, 'loaded', now(), 'run', '/incoming/' || n"
            " from unnest(%s::text[]) n returning source, name, arrival_id)"
            " insert into platform.delivery (source, name, arrival_id, outcome, in_place)"
            " select source, name, arrival_id, 'new', true from entered",
            (names,),
        )
        cursor.execute("delete from platform.changed_partition")
        cursor.execute("analyze platform.arrival")
        cursor.execute("analyze platform.delivery")


def name(start: datetime, subband: int) -> str:
    """Name of a subband file as the correlator gives it."""
    return f"{start:%Y-%m-%dT%H:%M:%S}_sb{subband:02d}.hdf5"


def write_headers(path: Path, start: datetime, subband: int) -> Path:
    """Write a UVH5 file with a header of DSA-110's size; its visibilities are declared, not stored."""
    antennas, integrations, channels = 96, 24, 48
    first, second = np.triu_indices(antennas)
    rows = len(first) * integrations
    width = 187.5e6 / (16 * channels)
    julian = start.timestamp() / 86400 + 2440587.5
    with h5py.File(path, "w") as file:
        header = file.create_group("Header")
        header["telescope_name"] = np.bytes_("DSA-110")
        header["latitude"], header["longitude"], header["altitude"] = 37.2334, -118.283, 1188.05
        header["antenna_numbers"] = np.arange(antennas)
        header["antenna_names"] = np.array([str(number) for number in range(antennas)], dtype="S3")
        header["antenna_positions"] = np.random.default_rng(0).normal(0, 500, (antennas, 3))
        header["time_array"] = np.repeat(julian + np.arange(integrations) * 12.885 / 86400, len(first))
        header["ant_1_array"], header["ant_2_array"] = (
            np.tile(first, integrations),
            np.tile(second, integrations),
        )
        header["integration_time"] = np.full(rows, 12.885)
        header["freq_array"] = 1498.75e6 - width * (channels * subband + np.arange(channels) + 0.5)
        header["channel_width"] = width
        header["polarization_array"] = np.array([-5, -6])
        header["uvw_array"] = np.zeros((rows, 3), np.float32)
        header["phase_type"] = np.bytes_("drift")
        header["extra_keywords/phase_center_dec"] = 0.65
        data = file.create_group("Data")
        for dataset, kind in (("visdata", "c8"), ("flags", "?"), ("nsamples", "f4")):
            data.create_dataset(dataset, (rows, channels, 2), kind, chunks=(len(first), channels, 2))
    return path


def now() -> datetime:
    """Return the time that looks note."""
    return datetime.now(UTC)


def timed(work: Callable[[], object]) -> float:
    """Return the wall seconds of `work`."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(work: Callable[[], object]) -> float:
    """Return the median of the wall seconds of `work`, done `REPEATS` times."""
    return statistics.median(timed(work) for _ in range(REPEATS))


if __name__ == "__main__":
    main()
