"""Write simulated groups: files, names and truth."""

import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.simulation.uvh5.correlation import Visibilities, correlate
from dsa_hcal_assets.simulation.uvh5.draws import Purpose, stream
from dsa_hcal_assets.simulation.uvh5.header import template
from dsa_hcal_assets.simulation.uvh5.instrument import Instrument
from dsa_hcal_assets.simulation.uvh5.observation import Observation
from dsa_hcal_assets.simulation.uvh5.schedule import Schedule
from dsa_hcal_assets.simulation.uvh5.setup import INTEGRATION_S, GroupSetup, check
from dsa_hcal_assets.simulation.uvh5.truth import write_truth

__all__ = ["INTEGRATION_S", "GroupSetup", "SimulatedGroup", "simulate_group", "simulate_groups"]

Progress = Callable[[int, int], None]
# the correlator's names wander by up to this much inside a group
NAME_JITTER_S = 98
# subbands computed at the same time, while another one is written
THREADS = 2


@dataclass(frozen=True)
class SimulatedGroup:
    """A group that was written."""

    key: str
    files: tuple[Path, ...]
    truth: Path


def simulate_group(
    out_dir: Path,
    profile: Profile,
    setup: GroupSetup | None = None,
    *,
    subbands: Collection[int] | None = None,
    progress: Progress | None = None,
) -> SimulatedGroup:
    """Write one simulated drift scan and its truth: group 0 of `simulate_groups`."""
    (group,) = simulate_groups(out_dir, profile, setup, groups=[0], subbands=subbands, progress=progress)
    return group


def simulate_groups(
    out_dir: Path,
    profile: Profile,
    setup: GroupSetup | None = None,
    *,
    groups: Collection[int] = range(1),
    subbands: Collection[int] | None = None,
    progress: Progress | None = None,
) -> list[SimulatedGroup]:
    """Write groups of one simulated drift scan, and the truth beside each.

    Header times are the same in all files of a group; the stamps in their names are not, as with
    the real correlator. Groups follow each other without pause, sources stay where they are on the
    sky, gains drift on. The same `setup` gives the same values, whichever groups and subbands are
    asked for. Two subbands are computed while a third is written.

    Parameters
    ----------
    out_dir
        Directory for the files; each appears whole, by rename.
    profile
        Of DSA-110 (stations, band, dish, SEFD).
    setup
        What to simulate.
    groups
        Numbers along the drift: 0 has the calibrator in its middle.
    subbands
        Numbers to write; default all. Leave some out for an incomplete group.
    progress
        Called with (files written, files in all).

    Raises
    ------
    ConfigurationError
        If the setup, a group or a subband cannot be simulated.
    """
    setup = setup or GroupSetup()
    count = profile.subbands.count
    wanted = sorted(range(count) if subbands is None else set(subbands))
    check(profile, setup, groups, wanted)
    instrument = Instrument.of(profile, setup)
    written: list[SimulatedGroup] = []
    with _offline():
        schedule = Schedule.over(setup)
        for group in sorted(set(groups)):
            observation = Observation.of(schedule, instrument, group, count)
            stamp = schedule.stamp(group)
            names = _names(stamp, count, setup, group)
            files = []
            for path in _write_subbands(observation, wanted, [out_dir / names[n] for n in wanted]):
                files.append(path)
                if progress is not None:
                    progress(len(written) * len(wanted) + len(files), len(set(groups)) * len(wanted))
            key = group_key(stamp)
            written.append(SimulatedGroup(key, tuple(files), write_truth(observation, key, out_dir)))
    return written


@contextmanager
def _offline() -> Iterator[None]:
    """Let astropy use the installed IERS table, and silence what pyuvdata says about drift scans."""
    from astropy.utils import iers

    with (
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("auto_max_age", None),
        warnings.catch_warnings(),
    ):
        # a drift scan fails pyuvdata's checks by design, as the real files do
        warnings.simplefilter("ignore")
        yield


def _write_subbands(observation: Observation, numbers: list[int], paths: list[Path]) -> Iterator[Path]:
    made, width = template(observation), observation.setup.channels
    for (number, visibilities), path in zip(_computed(observation, numbers), paths, strict=True):
        made.freq_array = observation.instrument.frequencies_hz[number * width : (number + 1) * width].copy()
        if made.flag_array is None:
            made.flag_array = np.zeros(visibilities.shape, np.bool_)
            made.nsample_array = np.ones(visibilities.shape, np.float32)
        made.data_array = visibilities
        staged = path.with_name(f".{path.name}.part")
        made.write_uvh5(str(staged), clobber=True, run_check=False)
        staged.rename(path)
        yield path


def _computed(observation: Observation, numbers: list[int]) -> Iterator[tuple[int, Visibilities]]:
    """Yield the visibilities of each subband in order, `THREADS` being computed while one is used."""
    pending: deque[tuple[int, Future[Visibilities]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for number in numbers:
            pending.append((number, pool.submit(correlate, observation, number)))
            if len(pending) > THREADS:
                done, future = pending.popleft()
                yield done, future.result()
        while pending:
            done, future = pending.popleft()
            yield done, future.result()


def _names(start: datetime, count: int, setup: GroupSetup, group: int) -> list[str]:
    # less than the distance of two groups, or names of short groups would meet
    most = min(NAME_JITTER_S, int(setup.group_seconds) - 1)
    jitter = stream(setup.seed, Purpose.NAMES, group).integers(0, most + 1, count)
    # one file of every group carries the header's own stamp
    jitter[0] = 0
    return [f"{group_key(start + timedelta(seconds=int(s)))}_sb{n:02d}.hdf5" for n, s in enumerate(jitter)]
