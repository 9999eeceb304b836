"""Against the simulator's truth: interference is found, the sky is kept, dead antennas are named.

Recall is the flagged share of what an emitter is heard in, the false-positive rate that of what none is
heard in; both over cross-correlations of working antennas. `pytest --log-cli-level=INFO` shows them.
"""

import json
import logging
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.prediction import predict
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import Window, antenna_names, windows
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets_tests.radio.conftest import (
    WALL_SECONDS,
    WORKERS,
    Chain,
    Metrics,
    calibrator,
    simulated,
)

pytestmark = pytest.mark.radio

SETUP = GroupSetup(
    antennas=14,
    channels=48,
    seed=3,
    field_sources=5,
    interference=("narrowband", "transient"),
    dead_antennas=1,
)
METHODS = ["sumthreshold", pytest.param("aoflagger", marks=pytest.mark.aoflagger), "tfcrop"]


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return simulated(tmp_path_factory.mktemp("disturbed"), SETUP)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """The same observation, the same noise, no interference."""
    return simulated(tmp_path_factory.mktemp("quiet"), GroupSetup(**{**vars(SETUP), "interference": ()}))


@dataclass
class Found:
    """Flags of a method by (integration, baseline, channel, correlation), working baselines only."""

    result: dict[str, Any]
    window: Window
    flag: NDArray[np.bool_]
    heard: NDArray[np.bool_]
    working: NDArray[np.bool_]

    def recall(self, emitter: NDArray[np.bool_]) -> float:
        return float(self.flag[self.working & emitter[self._moment]].mean())

    @property
    def false_positives(self) -> float:
        return float(self.flag[self.working & ~self.heard[self._moment]].mean())

    @property
    def _moment(self) -> NDArray[np.int64]:
        return np.unique(self.window.time, return_inverse=True)[1]


def flags(chain: Chain, method: str) -> tuple[dict[str, Any], Path]:
    profile, out = deepcopy(chain.profile), chain.home / f"by-{method}"
    profile["flagging"]["method"] = method
    arguments = {"ms": str(chain.ms), "profile": profile, "out_dir": str(out), "scratch": str(chain.home)}
    log = chain.home / f"by-{method}.log"
    return WorkerClient().call(WORKERS["flags"], arguments, wall_seconds=WALL_SECONDS, log=log), out


def found(chain: Chain, method: str) -> Found:
    result, out = flags(chain, method)
    (window,) = windows(chain.ms)
    flag = FlagSet.load(out).masks[window.description]
    empty = (window.data == 0).all(axis=(1, 2))
    working = np.broadcast_to((window.cross & ~empty)[:, None, None], flag.shape)
    heard = np.repeat(chain.arrays["interference"][:, :: -1 if falling(chain) else 1, None], 2, axis=2)
    return Found(result, window, flag, heard, working)


@pytest.fixture(scope="module")
def ours(disturbed: Chain) -> Found:
    return found(disturbed, "sumthreshold")


def each_emitter(chain: Chain, heard: NDArray[np.bool_]) -> list[tuple[dict[str, Any], NDArray[np.bool_]]]:
    emitters = []
    for emitter in chain.truth["interference"]:
        mask = np.zeros(heard.shape, bool)
        (first, last), (begin, end) = emitter["channels"], emitter["integrations"]
        falling = chain.arrays["frequencies_hz"][0] > chain.arrays["frequencies_hz"][-1]
        channels = (
            slice(heard.shape[1] - 1 - last, heard.shape[1] - first) if falling else slice(first, last + 1)
        )
        mask[begin : end + 1, channels] = True
        emitters.append((emitter, mask))
    return emitters


def report(method: str, found: Found) -> None:
    text = "%s: recall %.4f, false positives %.5f"
    logging.getLogger(__name__).info(text, method, found.recall(found.heard), found.false_positives)


def test_every_strong_emitter_is_found(disturbed: Chain, ours: Found) -> None:
    strong = 10 * disturbed.truth["noise_sigma_jy"]
    recalls = {
        (emitter["kind"], emitter["channels"][0]): ours.recall(mask)
        for emitter, mask in each_emitter(disturbed, ours.heard)
        if emitter["flux_jy"] > strong
    }
    assert {kind for kind, _ in recalls} == {"narrowband", "transient"}
    assert min(recalls.values()) > 0.95, recalls


def test_nearly_all_of_it_and_hardly_anything_else_is_flagged(ours: Found) -> None:
    report("sumthreshold", ours)
    assert ours.false_positives < 0.0005
    assert ours.recall(ours.heard) > 0.99


def test_a_healthy_tile_ends_where_the_interference_does(ours: Found, metrics: Metrics) -> None:
    """2 to 3 % on the telescope; here just what was injected, and noise that looks like noise."""
    values = metrics(ours.result)
    assert values["flagged_fraction"] == pytest.approx(ours.heard.mean(), abs=0.005)
    assert values["noise_kurtosis"] == pytest.approx(3, abs=0.6)


def test_dead_antennas_are_named(disturbed: Chain, ours: Found, metrics: Metrics) -> None:
    (dead,) = disturbed.truth["dead_antennas"]
    (detail,) = (one["detail"] for one in ours.result["metrics"] if one["name"] == "working_antennas")
    assert str(dead) in detail
    assert metrics(ours.result)["working_antennas"] == SETUP.antennas - 1


def test_statistics_tell_which_step_flagged_where(disturbed: Chain, ours: Found) -> None:
    record = json.loads((disturbed.home / "by-sumthreshold" / "statistics.json").read_text())
    assert sum(record["steps"].values()) == pytest.approx(record["fraction"])
    assert record["steps"]["search"] > 0.9 * record["fraction"]
    shares = np.array(record["frequency_hz"]["flagged"])
    always = ours.heard.all(axis=(0, 2))
    assert shares[always].min() > 0.9
    assert shares[~ours.heard.any(axis=(0, 2))].max() < 0.1
    assert record["time_mjd_s"]["flagged"] == pytest.approx(ours.heard.mean(axis=(1, 2)), abs=0.005)


def test_the_flux_of_the_calibrator_survives(disturbed: Chain, quiet: Chain, ours: Found) -> None:
    """What is left has the calibrated flux of the same observation without interference, to 0.2 %."""
    (clean,) = windows(quiet.ms)
    true_jy = calibrated(quiet, clean)[ours.working].real.mean()
    jy = calibrated(disturbed, ours.window).real
    assert true_jy > 15
    assert jy[ours.working & ~ours.flag].mean() == pytest.approx(true_jy, rel=0.002)
    assert jy[ours.working & ours.flag].std() > 2 * jy[ours.working & ~ours.flag].std()


def test_a_sky_without_interference_is_left_alone(quiet: Chain) -> None:
    """3C147, its neighbours of 0.4 to 1 Jy and their beats: no source loses a thousandth of its flux."""
    kept = found(quiet, "sumthreshold")
    assert kept.flag[kept.working].mean() < 0.0005
    from casacore.tables import table

    jy = calibrated(quiet, kept.window)
    with table(str(quiet.ms), ack=False) as main:
        uvw = main.getcol("UVW")
    centre, *others = (calibrator(one) for one in quiet.truth["sources"][:6])
    for source in (centre, *others):
        point = replace(source, coefficients=(0.0,))
        shift = predict(uvw, kept.window.frequency_hz, (centre.ra_deg, centre.dec_deg), [point])
        towards = (jy * np.conj(shift)[:, :, None]).real
        whole, left = (float(towards[use].mean()) for use in (kept.working, kept.working & ~kept.flag))
        # side lobes of 3C147 are in both
        assert abs(left - whole) < 1e-3 * source.flux_jy(1.4e9), source.name


def calibrated(chain: Chain, window: Window) -> NDArray[np.complex128]:
    """Return the visibilities phased to the calibrator, the true gains divided out, Jy."""
    moment = np.unique(window.time, return_inverse=True)[1]
    stations = np.array([int(name) for name in antenna_names(chain.ms)])
    first, second = (
        np.searchsorted(chain.arrays["stations"], stations[side])
        for side in (window.antenna1, window.antenna2)
    )
    gains = (chain.arrays["gains"][..., ::-1] if falling(chain) else chain.arrays["gains"]).transpose(
        0, 2, 1
    )  # antenna, channel, feed
    drift = chain.arrays["drift"]
    gain = gains[first] * np.conj(gains[second])
    gain = gain * (drift[moment, first] * np.conj(drift[moment, second]))[:, None, :]
    # truth has the UVH5 convention: the other sign
    return np.asarray(window.data / np.conj(gain))


def falling(chain: Chain) -> bool:
    """Truth counts channels in the order of the files, the set upwards."""
    return bool(chain.arrays["frequencies_hz"][0] > chain.arrays["frequencies_hz"][-1])


@pytest.mark.parametrize("method", METHODS[1:])
def test_the_programs_of_others_stay_usable(disturbed: Chain, method: str) -> None:
    by_them = found(disturbed, method)
    report(method, by_them)
    assert by_them.recall(by_them.heard) > 0.8
    assert by_them.false_positives < 0.15


@pytest.mark.parametrize("method", METHODS)
def test_the_published_set_is_only_read(method: str, drift: Chain) -> None:
    before = {path: path.stat().st_mtime_ns for path in drift.ms.rglob("*")}
    flags(drift, method)
    assert {path: path.stat().st_mtime_ns for path in drift.ms.rglob("*")} == before
