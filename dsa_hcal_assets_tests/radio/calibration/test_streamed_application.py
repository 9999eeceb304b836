"""One pass applies, flags and averages as applycal and split do, with the same verdicts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.fields import span
from dsa_hcal_assets.radio.calibration.gain_curves import read_curves
from dsa_hcal_assets.radio.calibration.solutions import read_solutions
from dsa_hcal_assets.radio.calibration.streamed_application import write_calibrated
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import windows
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets_tests.radio.conftest import WALL_SECONDS, WORKERS, Chain

pytestmark = pytest.mark.radio


@pytest.fixture(scope="module")
def by_casa(drift: Chain, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The calibrated set that applycal and split write of the same inputs."""
    home = tmp_path_factory.mktemp("by-casa")
    _ = drift.solutions
    profile = {**drift.profile, "calibration": {**drift.profile["calibration"], "solver": "casa"}}
    done: Any = WorkerClient().call(
        WORKERS["apply"],
        {
            "ms": str(drift.ms),
            "flags": drift.flags["flags"],
            "calibration": str(drift.home / "tables"),
            "profile": profile,
            "out_dir": str(home / "calibrated"),
        },
        wall_seconds=WALL_SECONDS,
        log=home / "worker.log",
    )
    return dict(done)


def test_data_and_flags_are_those_of_casa(drift: Chain, by_casa: dict[str, Any]) -> None:
    (ours,), (theirs,) = windows(Path(drift.applied["ms"])), windows(Path(by_casa["ms"]))
    assert np.allclose(ours.frequency_hz, theirs.frequency_hz)
    cross = theirs.cross
    assert np.array_equal(ours.flag[cross], theirs.flag[cross])
    # CASA holds the outer solutions where we draw the line on (`read_curves`)
    moments = np.unique(read_solutions(drift.home / "tables" / "short_gain.cal")[0].time)
    between = (theirs.time >= moments[0]) & (theirs.time <= moments[-1])
    assert between.mean() > 0.75
    use = ~theirs.flag & (cross & between)[:, None, None]
    # gains between two solutions: CASA interpolates a little differently
    assert np.median(np.abs(ours.data[use] - theirs.data[use]) / np.abs(theirs.data[use])) < 1e-4
    assert np.abs(ours.data[use] / theirs.data[use] - 1).max() < 5e-3


def test_weights_are_those_of_casa_up_to_a_constant(drift: Chain, by_casa: dict[str, Any]) -> None:
    from casacore.tables import table

    weights = []
    for ms in (drift.applied["ms"], by_casa["ms"]):
        with table(ms, ack=False) as main:
            use = main.getcol("ANTENNA1") != main.getcol("ANTENNA2")
            weights.append(main.getcol("WEIGHT")[use])
    ratio = weights[0][weights[1] > 0] / weights[1][weights[1] > 0]
    assert ratio.std() / ratio.mean() < 0.05


def test_both_ways_measure_the_same(drift: Chain, by_casa: dict[str, Any]) -> None:
    ours, theirs = (
        {one["name"]: one["value"] for one in done["metrics"]} for done in (drift.applied, by_casa)
    )
    assert ours == pytest.approx(theirs, rel=2e-3, abs=1e-6)


def test_the_subtables_describe_the_averaged_channels(drift: Chain, by_casa: dict[str, Any]) -> None:
    from casacore.tables import table

    columns = ("CHAN_FREQ", "CHAN_WIDTH", "TOTAL_BANDWIDTH", "NUM_CHAN")
    described = []
    for ms in (drift.applied["ms"], by_casa["ms"]):
        with table(f"{ms}/SPECTRAL_WINDOW", ack=False) as spectral:
            described.append([spectral.getcell(name, 0) for name in columns])
    for ours, theirs in zip(*described, strict=True):
        assert np.allclose(ours, theirs)


def tables_of(drift: Chain) -> tuple[Path, list[CalibrationTable]]:
    _ = drift.solutions
    home = drift.home / "tables"
    return home, SetDescription.load(home).tables_at(span(drift.ms).middle)


def test_a_flagged_channel_is_left_out_of_its_average(drift: Chain, tmp_path: Path) -> None:
    home, tables = tables_of(drift)
    (raw,) = windows(drift.ms)
    mask = np.zeros_like(raw.flag)
    mask[:, 1] = True
    mask[:, 2:4] = True
    write_calibrated(drift.ms, FlagSet({0: mask}), home, tables, 2, tmp_path / "out.ms")
    write_calibrated(drift.ms, FlagSet({0: mask}), home, tables, 1, tmp_path / "full.ms")
    (averaged,), (full,) = windows(tmp_path / "out.ms"), windows(tmp_path / "full.ms")
    use = averaged.cross & ~full.flag[:, 0].any(axis=1)
    assert np.array_equal(averaged.data[use, 0], full.data[use, 0])
    assert averaged.flag[:, 1].all()
    expected = (full.data[use, 4] + full.data[use, 5]) / 2
    assert np.allclose(averaged.data[use, 2], expected, rtol=1e-5)


def test_the_line_through_the_outer_solutions_ends_with_their_intervals(drift: Chain) -> None:
    """Half an interval beyond, the gain changes as much as in the half before; from there on it holds."""
    home, tables = tables_of(drift)
    short = next(one for one in tables if one.kind == "short_gain")
    (solutions,) = read_solutions(home / short.file)
    moments = np.unique(solutions.time)
    half = (moments[1] - moments[0]) / 2
    times = moments[0] + np.array([-1e4, -half, 0.0, half])
    far, beyond, outer, inner = read_curves(
        home, [short], window=0, antennas=117, frequency_hz=solutions.frequency_hz, times=times
    ).course
    known = np.isfinite(outer)
    assert known.any()
    assert np.allclose(far[known], beyond[known])
    assert np.allclose(np.angle(outer[known] / beyond[known]), np.angle(inner[known] / outer[known]))
    assert np.allclose(np.abs(beyond[known]) + np.abs(inner[known]), 2 * np.abs(outer[known]))


def test_halfway_between_solutions_amplitude_and_phase_are_halfway(drift: Chain) -> None:
    home, tables = tables_of(drift)
    short = next(one for one in tables if one.kind == "short_gain")
    (solutions,) = read_solutions(home / short.file)
    first, second = np.unique(solutions.time)[:2]
    times = np.array([first, (first + second) / 2, second])
    course = read_curves(
        home, [short], window=0, antennas=117, frequency_hz=solutions.frequency_hz, times=times
    ).course
    start, middle, end = course[:, np.isfinite(course).all(axis=0)]
    assert np.allclose(np.abs(middle), (np.abs(start) + np.abs(end)) / 2)
    assert np.allclose(np.angle(middle / start), np.angle(end / middle))
