"""Snapshot files of the supplies: what is written is read, and damage is found."""

import dataclasses
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.snapshots.block_file import (
    SnapshotDamaged,
    SnapshotEmpty,
    SnapshotMalformed,
    SnapshotTruncated,
    SnapshotUnreadable,
    SnapshotVersionUnknown,
    encode_blocks,
)
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplyChannel, SupplySnapshot
from dsa_hcal_assets.hcal.supplies.snapshot import FORMAT, SUPPLIES, encode, read_snapshot
from dsa_hcal_assets_tests.hcal.supplies.scene import NOW, cycle, snapshot

numbers = st.none() | st.floats(-1e4, 1e4)
records = st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.text(max_size=5), max_size=3)
channels = st.builds(
    SupplyChannel,
    slot=st.integers(0, 99),
    channel=st.integers(0, 99),
    v_set=numbers,
    v_meas=numbers,
    i_limit=numbers,
    i_meas=numbers,
    switched_on=st.none() | st.booleans(),
    status=st.none() | st.integers(0, 2**26 - 1),
)


def crates(name: str) -> st.SearchStrategy[CrateReading]:
    return st.builds(
        CrateReading,
        board=st.just(name),
        kind=st.sampled_from(["mpod", "lv_crate", "meter"]),
        status=st.sampled_from(["ok", "partial", "down"]),
        sampled_at=st.none() | st.datetimes(timezones=st.just(NOW.tzinfo)),
        error=st.none() | records,
        errors=st.dictionaries(st.text(max_size=5), records, max_size=2),
        main_switch=st.none() | st.booleans(),
        channels=st.lists(channels, max_size=3, unique_by=lambda one: (one.slot, one.channel)).map(
            lambda some: tuple(sorted(some, key=lambda one: (one.slot, one.channel)))
        ),
    )


@given(st.tuples(crates("a"), crates("b-ü")), st.integers(0, 2**63 - 1), st.text(max_size=5))
def test_what_is_written_is_read(tmp_path_factory, boards, sequence, acquisition_id):
    path = tmp_path_factory.mktemp("snapshots") / "one.snap"
    written = SupplySnapshot(NOW, sequence, acquisition_id, 52000, boards)
    path.write_bytes(encode(written))
    assert read_snapshot(path) == written


def test_a_file_has_the_name_of_its_cycle_and_is_found_by_it(tmp_path):
    path = SUPPLIES.write(tmp_path, snapshot(3))
    assert path.name == "supplies_20250605T000300.000000Z.snap"
    assert SUPPLIES.look(path).cycle == cycle(3)


@pytest.fixture
def written(tmp_path) -> Path:
    return SUPPLIES.write(tmp_path, snapshot(0))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_file_cut_anywhere_is_told(written, share):
    data = written.read_bytes()
    written.write_bytes(data[: int(share * len(data))])
    with pytest.raises((SnapshotEmpty, SnapshotTruncated)):
        read_snapshot(written)


def test_every_block_knows_its_own_damage(written):
    lines = written.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b'"lv"', b'"LV"', 1)
    written.write_bytes(b"\n".join(lines))
    with pytest.raises(SnapshotDamaged) as found:
        read_snapshot(written)
    assert found.value.blocks == ("lv",)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_never_passes(tmp_path_factory, place, change):
    data = bytearray(encode(snapshot(1)))
    data[place % len(data)] ^= change
    path = tmp_path_factory.mktemp("damaged") / "one.snap"
    path.write_bytes(data)
    with pytest.raises(SnapshotUnreadable):
        read_snapshot(path)


def test_a_file_of_another_source_or_version_is_told(written):
    written.write_bytes(written.read_bytes().replace(FORMAT.encode(), b"dsa-hcal-supplies/9", 1))
    with pytest.raises(SnapshotVersionUnknown):
        read_snapshot(written)


def block(**changes):
    header = snapshot(1).header(["keithley"])
    crate = json.loads(encode(snapshot(1)).split(b"\n")[2])["board"] | changes
    return encode_blocks(FORMAT, header, [crate])


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "toaster"},
        {"status": "fine"},
        {"sampled_at": "2025-06-05T14:30:00"},
        {"main_switch": "yes"},
        {"channels": [{"slot": 0, "channel": 0, "v_meas": "65"}]},
        {"channels": [{"slot": 0, "channel": 0}, {"slot": 0, "channel": 0}]},
        {"channels": [{"slot": 0, "channel": 0, "status": 2**26}]},
        {"channels": [{"slot": -1, "channel": 0}]},
        {"channels": [{"slot": 0}]},
        {"channels": [{"slot": 0, "channel": 0, "colour": "red"}]},
        {"channels": [{"slot": 0, "channel": True}]},
        {"errors": {"reading": {"what": 5}}},
        {"board": 5},
        {"board": "other"},
        {"extra": None},
    ],
)
def test_sound_bytes_that_say_nonsense_are_malformed(written, changes):
    written.write_bytes(block(**changes))
    with pytest.raises(SnapshotMalformed):
        read_snapshot(written)


def test_the_same_block_without_a_change_is_read(written):
    written.write_bytes(block())
    assert read_snapshot(written).boards[0].board == "keithley"


def test_times_are_utc_whatever_zone_they_came_in():
    eastern = NOW.astimezone(timezone(timedelta(hours=-4)))
    reading = CrateReading("m", "meter", "ok", eastern, None)
    assert reading.sampled_at == NOW
    assert reading.sampled_at.utcoffset() == timedelta(0)
    with pytest.raises(ValueError, match="naive"):
        CrateReading("m", "meter", "ok", datetime(2025, 6, 5), None)


def test_a_snapshot_names_each_supply_once():
    one = snapshot(1).boards[0]
    with pytest.raises(ValueError, match="each id once"):
        dataclasses.replace(snapshot(1), boards=(one, one))


@pytest.mark.parametrize("volts", [float("nan"), float("inf"), "65"])
def test_a_voltage_is_a_number_or_missing(volts):
    with pytest.raises(ValueError, match="v_meas"):
        SupplyChannel(0, 0, v_meas=volts)
