"""Replay an inventory with tiny files: every group as it was found, thousands of them in minutes.

One small group is simulated; each file of the replay is a copy of one of its subbands with other
times. They are written over the copy's bytes where HDF5 keeps them, which takes microseconds.
"""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import h5py
import numpy as np

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.simulation.inventory import Entry
from dsa_hcal_assets.simulation.uvh5.group import NAME_JITTER_S, GroupSetup, simulate_group

# A group nobody calibrates on: the least a subband of the array can be.
TINY = GroupSetup(antennas=4, channels=1, integrations=2)
UNIX_EPOCH_JD = 2440587.5
# Turns of the Earth in a day of UT1, IAU 2000 (Capitaine et al. 2000). Its difference to UTC and the
# precession since the template are left out: seconds of right ascension over years.
EARTH_ROTATIONS_A_DAY = 1.00273781191135448

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Replayed:
    """What a replay wrote: groups and files, `bytes` here and `real_bytes` on the telescope's disks."""

    groups: int
    files: int
    bytes: int
    real_bytes: int


class Template:
    """One subband of the tiny group, to be written anew for any time."""

    def __init__(self, path: Path) -> None:
        self._bytes = path.read_bytes()
        with h5py.File(path) as file:
            header = file["Header"]
            self._times = header["time_array"][()]
            # Both are the sidereal time of the array, and turn with the Earth.
            self._angles = {name: header[name][()] for name in ("lst_array", "phase_center_app_ra")}
            names = ("time_array", *self._angles)
            self._offsets = {name: header[name].id.get_offset() for name in names}
        if None in self._offsets.values():
            raise ConfigurationError(
                f"{path.name} does not hold its times in one piece", expected="contiguous datasets"
            )

    def at(self, first_jd: float) -> bytes:
        """Return the file's bytes with `first_jd` as the middle of its first integration (JD, UTC)."""
        shift = first_jd - self._times.min()
        turned = 2 * math.pi * EARTH_ROTATIONS_A_DAY * shift
        values = {"time_array": self._times + shift}
        values |= {name: (angle + turned) % (2 * math.pi) for name, angle in self._angles.items()}
        made = bytearray(self._bytes)
        for name, value in values.items():
            raw = np.ascontiguousarray(value, dtype="<f8").tobytes()
            made[self._offsets[name] : self._offsets[name] + len(raw)] = raw
        return bytes(made)


def replay(
    entries: Sequence[Entry],
    out_dir: Path,
    profile: Profile,
    *,
    groups_a_second: float = 0.0,
    scramble: bool = False,
    seed: int = 1,
    progress: Progress | None = None,
) -> Replayed:
    """Write the files of an inventory, each whole by rename.

    Parameters
    ----------
    entries
        The groups, in the order in which they arrive.
    profile
        Of DSA-110: how files are named, and how many subbands there are.
    groups_a_second
        How fast they arrive; 0: as fast as they can be written.
    scramble
        All files of all groups in any order, instead of group by group.
    seed
        The same seed draws the same missing subbands, stamps in names and order.
    progress
        Called with (files written, files in all).

    Raises
    ------
    ConfigurationError
        If a group expects another number of subbands than the profile has.
    """
    count = profile.subbands.count
    for entry in entries:
        if entry.expected != count:
            raise ConfigurationError(
                f"group {group_key(entry.start)} expects {entry.expected} subbands",
                expected=f"{count}, as profile {profile.name} has",
            )
    rng = np.random.default_rng(seed)
    deliveries = [(entry, number) for entry in entries for number in _present(entry, rng)]
    if scramble:
        deliveries = [deliveries[place] for place in rng.permutation(len(deliveries))]
    templates = _templates(profile)
    pace = 0.0 if groups_a_second == 0 else len(entries) / groups_a_second / max(1, len(deliveries))
    begun, written = time.monotonic(), 0
    for place, (entry, number) in enumerate(deliveries):
        time.sleep(max(0.0, begun + place * pace - time.monotonic()))
        # the stamps in the names of one group wander, its header times do not
        stamp = entry.start + timedelta(seconds=int(rng.integers(0, NAME_JITTER_S + 1)))
        content = templates[number].at(entry.start.timestamp() / 86400 + UNIX_EPOCH_JD)
        path = out_dir / f"{group_key(stamp)}_sb{number:02d}.hdf5"
        staged = path.with_name(f".{path.name}.part")
        staged.write_bytes(content)
        staged.rename(path)
        written += len(content)
        if progress is not None:
            progress(place + 1, len(deliveries))
    return Replayed(len(entries), len(deliveries), written, sum(entry.bytes for entry in entries))


def _present(entry: Entry, rng: np.random.Generator) -> list[int]:
    missing = entry.missing
    if missing is None:
        missing = tuple(rng.choice(entry.expected, entry.expected - entry.found, replace=False).tolist())
    return [number for number in range(entry.expected) if number not in missing]


def _templates(profile: Profile) -> list[Template]:
    with tempfile.TemporaryDirectory(prefix="dsa-hcal-template-") as place:
        group = simulate_group(Path(place), profile, TINY)
        return [Template(path) for path in sorted(group.files, key=lambda path: path.name.split("_sb")[1])]
