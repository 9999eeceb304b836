"""Blocks of visibilities: order, conjugation, rotation, damage, from files written value by value."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion.phase import Phasing
from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.reading_ahead import read_ahead
from dsa_hcal_assets.radio.conversion.rows import pieces
from dsa_hcal_assets.radio.conversion.visibilities import SPEED_OF_LIGHT, GroupReader, blocks
from dsa_hcal_assets.radio.ingest.errors import UnreadableSubband
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.conversion import headers
from dsa_hcal_assets_tests.radio.conversion.headers import XX, XY, YX, YY

VLA = load_profiles()["vla"]
CHANNELS = 3


def value(subband, row, channel, polarization):
    """The visibility of file row, file channel and file polarisation: all its indices can be read off it."""
    return (row + 1) + 1j * (100 * subband + 10 * channel + polarization + 1)


def write(folder: Path, count: int = 2, *, change=None, plan_change=None, **options) -> Plan:
    """Write `count` subbands and return their plan, phased data with no rotation."""
    group = []
    for number in range(count):
        header = headers.header(
            antennas=3,
            integrations=2,
            channels=CHANNELS,
            subband=number,
            fields=(headers.sidereal(),),
            drift_app_dec_rad=None,
            **options,
        )
        path = folder / f"sb{number:02d}.hdf5"
        shape = (len(header.times_jd), CHANNELS, len(header.polarizations))
        cube = {
            "visdata": np.fromfunction(lambda *at: value(number, *at), shape).astype(np.complex64),  # noqa: B023
            "flags": np.zeros(shape, np.bool_),
            "nsamples": np.ones(shape, np.float32),
        }
        if change is not None:
            change(number, cube)
        with h5py.File(path, "w") as file:
            for name, values in cube.items():
                file[f"Data/{name}"] = values
        group.append(replace(header, path=path))
    if plan_change is not None:
        group = [plan_change(header) for header in group]
    return make_plan(group, VLA)


def read(plan: Plan, start: int = 0, stop: int | None = None, window: int = 0):
    with GroupReader(plan, weight_spectrum=True) as reader:
        return reader.read(plan.windows[window], start, len(plan.rows) if stop is None else stop)


def test_data_are_the_conjugate_with_channels_ascending_over_all_subbands(tmp_path):
    block = read(write(tmp_path))
    # file channels descend: the lowest is the last of sb01
    expected = [np.conj(value(sb, 4, ch, 1)) for sb in (1, 0) for ch in (2, 1, 0)]
    assert block.data[4, :, 1].tolist() == expected
    assert (block.data.dtype, block.flags.dtype, block.spectrum.dtype) == (np.complex64, np.bool_, np.float32)


def test_flags_and_weights_stay_with_their_visibilities(tmp_path):
    def mark(number, cube):
        if number == 1:
            cube["flags"][3, 0, 1] = True
            cube["nsamples"][3, 0, 1] = 0.25

    block = read(write(tmp_path, change=mark))
    # sb01's first channel is its highest: the third of six
    assert np.argwhere(block.flags).tolist() == [[3, 2, 1]]
    assert np.argwhere(block.spectrum != 1).tolist() == [[3, 2, 1]]


@pytest.mark.parametrize("codes", [(YY, XX), (XX, YY, XY, YX), (YX, XY, YY, XX)])
def test_correlations_come_in_casas_order(tmp_path, codes):
    plan = write(tmp_path, 1, polarizations=codes)
    wanted = [code for code in (XX, XY, YX, YY) if code in codes]
    expected = [np.conj(value(0, 0, CHANNELS - 1, codes.index(code))) for code in wanted]
    assert read(plan).data[0, 0].tolist() == expected


def test_a_window_holds_its_own_subband_alone(tmp_path):
    plan = write(tmp_path, 2)
    header = plan.headers
    plan = make_plan(header, VLA, layout="per-subband")
    assert read(plan, window=0).data[0, 0, 0] == np.conj(value(1, 0, 2, 0))
    assert read(plan, window=1).data[0, 0, 0] == np.conj(value(0, 0, 2, 0))


def test_rows_are_read_in_the_plans_order(tmp_path):
    mixed = np.array([5, 0, 7, 2, 11, 4, 1, 3, 10, 6, 8, 9])
    plan = replace(write(tmp_path, 1), rows=mixed)
    assert read(plan).data[:, 0, 0].real.tolist() == (mixed + 1).tolist()
    assert read(plan, 3, 7).data[:, 0, 0].real.tolist() == (mixed[3:7] + 1).tolist()


def test_a_row_whose_antennas_change_places_is_not_conjugated_and_swaps_its_crossed_hands(tmp_path):
    plan = write(tmp_path, 1, polarizations=(XX, YY, XY, YX))
    swapped = np.zeros(12, np.bool_)
    swapped[4] = True
    data = read(replace(plan, swapped=swapped)).data
    # the MS's order is XX XY YX YY; the file's XX YY XY YX
    assert data[4, 2].tolist() == [value(0, 4, 0, number) for number in (0, 3, 2, 1)]
    assert data[5, 2].tolist() == [np.conj(value(0, 5, 0, number)) for number in (0, 2, 3, 1)]


@pytest.mark.parametrize("delay", [0.0, 0.05, -1.7, 1234.567])
def test_the_rotation_takes_the_delay_out_at_every_channel(tmp_path, delay):
    """A source whose path is `delay` longer has the phase 2 pi delay f / c in UVH5, and 0 afterwards."""
    plan = write(tmp_path, 1)
    (window,) = plan.windows
    phase = np.exp(2j * np.pi * delay * plan.headers[0].frequencies_hz / SPEED_OF_LIGHT)

    def turn(number, cube):
        cube["visdata"][:] = phase[None, :, None]

    plan = write(tmp_path, 1, change=turn)
    old = plan.phasing
    phasing = Phasing(old.fields, old.field_rows, old.uvw_m, np.full(12, delay))
    np.testing.assert_allclose(read(replace(plan, phasing=phasing)).data, 1, atol=1e-6)
    assert len(window.frequencies_hz) == CHANNELS


def test_values_that_are_not_finite_are_zero_flagged_and_counted(tmp_path):
    def spoil(number, cube):
        cube["visdata"][2, 0, 0] = complex(np.nan, 0)
        cube["visdata"][2, 1, 0] = complex(0, -np.inf)

    block = read(write(tmp_path, 1, change=spoil))
    assert block.bad == 2
    assert np.argwhere(block.flags).tolist() == [[2, 1, 0], [2, 2, 0]]
    assert not block.data[2, 1:, 0].any()


@pytest.mark.parametrize("sample_count", [np.nan, np.inf, -1.0])
def test_a_sample_count_that_is_none_is_no_weight_and_a_flag(tmp_path, sample_count):
    def spoil(number, cube):
        cube["nsamples"][2, 0, 0] = sample_count

    block = read(write(tmp_path, 1, change=spoil))
    assert np.isfinite(block.spectrum).all()
    assert block.spectrum[2, 2, 0] == 0
    assert np.argwhere(block.flags).tolist() == [[2, 2, 0]]


@pytest.mark.parametrize("kind", ["i4", "f4"])
def test_pairs_of_integers_or_floats_are_complex_numbers(tmp_path, kind):
    """Correlators write integers as a compound of real and imaginary part (UVH5 memo)."""

    def pairs(number, cube):
        values = cube["visdata"]
        cube["visdata"] = np.zeros(values.shape, [("r", kind), ("i", kind)])
        cube["visdata"]["r"], cube["visdata"]["i"] = values.real, values.imag

    assert read(write(tmp_path, 1, change=pairs)).data[4, 0, 1] == np.conj(value(0, 4, 2, 1))


def test_the_older_layouts_window_axis_is_dropped(tmp_path):
    def older(number, cube):
        for name in cube:
            cube[name] = cube[name][:, None]

    assert read(write(tmp_path, change=older)).data[4, 0, 1] == np.conj(value(1, 4, 2, 1))


def test_a_file_that_vanished_is_a_typed_error_that_names_it_and_closes_the_others(tmp_path):
    plan = write(tmp_path)
    (tmp_path / "sb01.hdf5").unlink()
    with pytest.raises(UnreadableSubband, match=r"sb01\.hdf5"), GroupReader(plan):
        pytest.fail("opened")
    with h5py.File(tmp_path / "sb00.hdf5", "r+"):
        pass


@pytest.mark.parametrize("limit", [1, 1000, 64 << 20])
def test_a_block_holds_whole_rows_within_its_memory(tmp_path, monkeypatch, limit):
    monkeypatch.setattr("dsa_hcal_assets.radio.conversion.visibilities.BLOCK_BYTES", limit)
    with GroupReader(write(tmp_path)) as reader:
        rows = reader.block_rows()
    # two subbands of three channels, two polarisations, complex64
    assert rows == max(1, limit // (6 * 2 * 8))


@given(length=st.integers(0, 1000), size=st.integers(1, 100))
def test_blocks_cover_everything_once(length, size):
    pieces = list(blocks(length, size))
    assert [row for start, stop in pieces for row in range(start, stop)] == list(range(length))
    assert all(0 < stop - start <= size for start, stop in pieces)


def test_channels_that_are_not_evenly_spaced_are_rotated_each_by_its_own_frequency(tmp_path):
    def uneven(header):
        return replace(header, frequencies_hz=header.frequencies_hz + np.array([0, 4e4, 0]))

    plan = write(tmp_path, 1, plan_change=uneven)
    delay = 1234.567
    phase = np.exp(2j * np.pi * delay * plan.headers[0].frequencies_hz / SPEED_OF_LIGHT)
    plan = write(
        tmp_path, 1, plan_change=uneven, change=lambda _, cube: np.copyto(cube["visdata"], phase[:, None])
    )
    old = plan.phasing
    phasing = Phasing(old.fields, old.field_rows, old.uvw_m, np.full(12, delay))
    np.testing.assert_allclose(read(replace(plan, phasing=phasing)).data, 1, atol=1e-6)


def test_weights_are_medians_over_the_channels_that_are_there(tmp_path):
    def vary(number, cube):
        cube["nsamples"][2, :, 0] = [3, 9, 5]

    plan = write(tmp_path, 1, change=vary)
    (window,) = plan.windows
    # as if a subband were lost above this one
    wider = replace(
        window,
        frequencies_hz=np.append(window.frequencies_hz, window.frequencies_hz + 1e6),
        widths_hz=np.tile(window.widths_hz, 2),
    )
    with GroupReader(plan) as reader:
        block = reader.read(wider, 0, 12)
    assert block.weights[2].tolist() == [5, 1]
    assert set(np.delete(block.weights, 2, 0).ravel()) == {1}
    assert block.spectrum is None
    assert not block.data[:, CHANNELS:].any()
    assert block.flags[:, CHANNELS:].all()
    assert not block.flags[:, :CHANNELS].any()


@pytest.mark.parametrize("compression", [None, "lzf"])
def test_memory_in_use_is_that_of_a_few_blocks_whatever_the_size_of_the_group(
    tmp_path, monkeypatch, compression
):
    block = 40_000
    monkeypatch.setattr("dsa_hcal_assets.radio.conversion.visibilities.BLOCK_BYTES", block)
    tracked = {"fields": (headers.sidereal(),), "drift_app_dec_rad": None}
    header = headers.header(antennas=6, integrations=800, channels=8, **tracked)
    shape = (len(header.times_jd), 8, len(header.polarizations))
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        for name, kind in (("visdata", np.complex64), ("flags", np.bool_), ("nsamples", np.float32)):
            layout = {"chunks": (21, 4, 1), "compression": compression}
            file.create_dataset(f"Data/{name}", data=np.ones(shape, kind), **layout)
    plan = make_plan([replace(header, path=path)], VLA)
    with GroupReader(plan, weight_spectrum=True) as reader:
        tracemalloc.start()
        count = sum(1 for _ in read_ahead(reader, pieces(plan, reader.block_rows())))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count > 50
    # four blocks at most: visibilities as stored and as written, flags, weights
    assert peak < 25 * block < np.prod(shape) * 8 / 2
