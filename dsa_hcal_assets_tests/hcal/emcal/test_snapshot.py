"""The EMCal's snapshot file: exact, compact, and damage is found and named."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dsa_hcal_assets.hcal.emcal.readings import WIDTHS, ControllerReading, EmcalSnapshot
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL, FORMAT, encode, read_snapshot
from dsa_hcal_assets.hcal.snapshots.block_file import SnapshotDamaged, SnapshotMalformed, encode_blocks
from dsa_hcal_assets_tests.hcal.emcal import calorimeter
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import SILENT, cycle, snapshot

floats = st.floats(width=32, allow_infinity=False)


@st.composite
def readings(draw):
    channels = tuple(sorted(draw(st.sets(st.integers(0, 5), min_size=1))))
    failed = draw(st.sets(st.sampled_from(channels)))
    return ControllerReading(
        controller="S08",
        channels=channels,
        sampled_at=draw(st.none() | st.just(cycle(1))),
        gain=tuple(draw(st.sampled_from(["normal", "high", None])) for _ in channels),
        errors={channel: {"leakage": SILENT} for channel in failed},
        **{
            name: draw(arrays.arrays(np.float32, (len(channels), width), elements=floats))
            for name, width in WIDTHS.items()
        },
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("snapshots") / "one.snap"


@settings(max_examples=30)
@given(reading=readings())
def test_every_value_comes_back_exactly(place, reading):
    one = EmcalSnapshot(cycle(0), 3, "acquisition", -1, (reading,))
    place.write_bytes(encode(one))
    back = read_snapshot(place)
    assert back.controllers == one.controllers
    assert (back.cycle, back.sequence, back.acquisition_id, back.run_number) == (
        one.cycle,
        one.sequence,
        one.acquisition_id,
        one.run_number,
    )


def test_a_whole_calorimeter_takes_a_quarter_of_a_megabyte(place):
    one = snapshot(0)
    place.write_bytes(encode(one))
    assert read_snapshot(place).controllers == one.controllers
    assert place.stat().st_size < 300_000


def test_the_file_is_known_by_its_cycle(tmp_path):
    path = EMCAL.write(tmp_path, snapshot(0, sectors=[8]))
    assert path.name == "emcal_20250605T000000.000000Z.snap"
    assert EMCAL.look(path).cycle == cycle(0)


def test_one_changed_byte_names_the_controller(tmp_path):
    path = EMCAL.write(tmp_path, snapshot(0, sectors=[8, 9]))
    data = bytearray(path.read_bytes())
    data[data.index(b'"S09"', data.index(b'"controller":"S09"')) + 200] ^= 1
    path.write_bytes(data)
    with pytest.raises(SnapshotDamaged, match="S09") as raised:
        read_snapshot(path)
    assert raised.value.blocks == ("S09",)


@pytest.mark.parametrize(
    "change",
    [
        lambda block: block | {"temperature": block["leakage"]},
        lambda block: block | {"temperature": "no base64!"},
        lambda block: block | {"channels": [0, 1]},
        lambda block: block | {"channels": [5, 4, 3, 2, 1, 0]},
        lambda block: block | {"gain": ["loud"] * 6},
        lambda block: block | {"controller": "S09"},
        lambda block: block | {"errors": {"7": {}}},
        lambda block: block | {"errors": {"3": {"gain": {"what": 1.5}}}},
        lambda block: {name: value for name, value in block.items() if name != "voltage"},
    ],
)
def test_a_faulty_writers_file_is_malformed(tmp_path, change):
    one = snapshot(0, sectors=[8])
    path = EMCAL.write(tmp_path, one)
    block = json.loads(path.read_bytes().splitlines()[1])["board"]
    path.write_bytes(encode_blocks(FORMAT, one.header(["S08"]), [change(block)]))
    with pytest.raises(SnapshotMalformed):
        read_snapshot(path)


def test_a_controller_cannot_be_in_a_snapshot_twice():
    one = snapshot(0, sectors=[8])
    with pytest.raises(ValueError, match="each id once"):
        replace(one, controllers=one.controllers * 2)


def test_a_board_is_ok_partial_or_down_by_what_was_read():
    silent = dict.fromkeys(calorimeter.UNREAD, SILENT)
    one = calorimeter.reading(8, cycle(0))
    temperature, leakage, voltage = (np.array(getattr(one, name)) for name in WIDTHS)
    for values in (temperature, leakage, voltage):
        values[2] = np.nan
    gain = (*one.gain[:2], None, *one.gain[3:])
    errors = {1: {"leakage": SILENT}, 2: silent}
    one = replace(one, temperature=temperature, leakage=leakage, voltage=voltage, gain=gain, errors=errors)
    assert [board.status for board in one.boards()] == ["ok", "partial", "down", "ok", "ok", "ok"]
    assert [board.board for board in one.boards()][:2] == ["S08/0", "S08/1"]
