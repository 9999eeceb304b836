"""A bad delivery among sound ones: each file is quarantined with its reason, the group beside it goes on."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets.radio.ingest.quality import measure
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.ingest.test_scan import KEY, PROFILES, Station, sixteen

__all__ = ["sixteen"]
CUTS, FLIPS = 20, 12


@pytest.fixture
def station(tmp_path: Path, database: Database) -> Station:
    return Station(tmp_path, database)


def stamp(number: int) -> str:
    return f"2025-06-05T21:{number:02d}:00"


def test_files_cut_at_twenty_random_places_delay_nothing_else(station, sixteen):
    whole = (sixteen / uvh5_files.name(3)).read_bytes()
    cuts = np.random.default_rng(110).integers(0, len(whole), CUTS).tolist()
    names = [uvh5_files.name(3, stamp(number)) for number in range(CUTS)]
    for name, length in zip(names, cuts, strict=True):
        station.write(name, whole[:length])
    station.land(sixteen)
    report = station.scan()
    assert len(report.accepted) == 16
    assert sorted(report.quarantined) == sorted(names)
    reasons = set(report.quarantined.values())
    assert all(
        "cannot be read as HDF5" in text or "is empty" in text or "not HDF5" in text for text in reasons
    )
    balance = station.ledger.balance()["uvh5"]
    assert (balance.accepted, balance.pending, balance.quarantined) == (16 + CUTS, 16, CUTS)


def test_flipped_bytes_in_header_datasets_are_a_reason_or_another_identity(station, sixteen):
    """What is still a possible header is accepted as what it says; its digest tells it from the sound one."""
    chance = np.random.default_rng(111)
    sound = sixteen / uvh5_files.name(5)
    with h5py.File(sound) as file:
        datasets = [item for item in file["Header"].values() if isinstance(item, h5py.Dataset)]
        places = [(item.id.get_offset(), item.id.get_storage_size()) for item in datasets]
    places = [(offset, size) for offset, size in places if offset is not None and size]
    whole = sound.read_bytes()
    names = [uvh5_files.name(5, stamp(number)) for number in range(FLIPS)]
    for name in names:
        offset, size = places[chance.integers(len(places))]
        at = offset + int(chance.integers(size))
        station.write(name, whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    station.land(sixteen, [number for number in range(16) if number != 5])
    report = station.scan()
    told = [*report.accepted, *report.quarantined, *report.conflicts, *report.refused]
    assert sorted(told) == sorted([*names, *(uvh5_files.name(number) for number in range(16) if number != 5)])
    assert len(report.accepted) >= 15
    assert report.quarantined
    assert report.duplicates == []
    assert not report.refused


@pytest.mark.parametrize(
    "trick",
    ["..%2f{}", "{}\n", "{} ", "{}.part", ".{}", "{}~", "..\\{}", "{}\x7f", "\u202e{}", "a\n{}"],
)
def test_names_that_only_look_like_a_subbands_are_left_alone(station, sixteen, trick):
    good = uvh5_files.name(0)
    content = (sixteen / good).read_bytes()
    station.write(trick.format(good), content)
    station.write(good, content)
    report = station.scan()
    assert report.accepted == [good]
    assert not report.quarantined
    assert (station.incoming / trick.format(good)).read_bytes() == content


def test_subbands_of_different_observations_do_not_become_one_group(station, tmp_path):
    """The same instant with other antennas: its gate sees it, by header facts alone."""
    uvh5_files.write_group(station.incoming, range(3), channels=2, integrations=2, antennas=3)
    other = uvh5_files.observation(channels=2, integrations=2, antennas=4, subband=3)
    uvh5_files.write(other, station.incoming / uvh5_files.name(3))
    assert len(station.scan().accepted) == 4
    subbands = groups.subbands_of(station.database, station.ledger, KEY)
    values = {metric.name: metric for metric in measure(subbands, PROFILES["dsa110"], minimum=16)}
    assert (values["antennas_differing"].value, values["antennas_differing"].detail) == (1, "sb03")
