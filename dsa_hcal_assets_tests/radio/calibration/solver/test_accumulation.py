"""One pass over a Measurement Set gives the sums that a plain loop over its rows gives."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.prediction import predict
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.solver.accumulation import accumulate
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import Window, windows
from dsa_hcal_assets_tests.radio.conftest import Chain

pytestmark = pytest.mark.radio
SHORTEST = 300.0


@pytest.fixture(scope="module")
def sky(drift: Chain) -> SkyModel:
    first, second = drift.truth["sources"][:2]
    sources = [
        Calibrator(one["name"], (), one["ra_deg"], one["dec_deg"], tuple(one["spectrum"]))
        for one in (first, second)
    ]
    beam = DriftBeam(drift.truth["declination_deg"], -118.28, 4.65)
    return SkyModel((sources[0].ra_deg, sources[0].dec_deg), sources, beam)


@pytest.fixture(scope="module")
def flags(drift: Chain) -> FlagSet:
    """A flag set with every seventh channel of every third row flagged."""
    masks = {window.description: window.flag.copy() for window in windows(drift.ms)}
    for mask in masks.values():
        mask[::3, ::7] = True
    return FlagSet(masks)


def uvw_of(ms: Path) -> np.ndarray:  # type: ignore[type-arg]
    from casacore.tables import table

    with table(str(ms), ack=False) as main:
        return np.asarray(main.getcol("UVW"))


def test_sums_are_those_of_a_plain_loop(drift: Chain, flags: FlagSet, sky: SkyModel) -> None:
    (equations,) = accumulate(drift.ms, flags, 0, sky, interval_s=60.0, shortest_lambda=SHORTEST)
    (window,) = windows(drift.ms)
    uvw = uvw_of(drift.ms)
    first_interval = window.time - window.time.min() < 60.0
    for number in (0, len(equations.pairs) // 2, -1):
        pair = equations.antennas[equations.pairs[number]]
        rows = first_interval & (window.antenna1 == pair[0]) & (window.antenna2 == pair[1])
        products, power = _plainly(window, uvw, flags.masks[0], sky, np.flatnonzero(rows))
        assert np.allclose(
            equations.products[0, number], products, rtol=2e-4, atol=1e-4 * abs(products).max()
        )
        assert np.allclose(equations.power[0, number], power, rtol=2e-4)


def _plainly(window: Window, uvw, flags, sky: SkyModel, rows):  # type: ignore[no-untyped-def]
    assert sky.beam is not None
    shares = [
        sky.beam.share(one.ra_deg, one.dec_deg, window.time[rows], window.frequency_hz) for one in sky.sources
    ]
    model = predict(uvw[rows], window.frequency_hz, sky.centre_deg, sky.sources, shares)[:, :, None]
    apart = np.hypot(*uvw[rows].T[:2]) * window.frequency_hz[0] / 299792458.0
    used = ~flags[rows] & (apart >= SHORTEST)[:, None, None]
    products = (used * window.data[rows] * np.conj(model)).sum(axis=0)
    return products, (used * np.abs(model) ** 2).sum(axis=0)


def test_short_baselines_are_left_out(drift: Chain, flags: FlagSet, sky: SkyModel) -> None:
    with_all, without = (
        accumulate(drift.ms, flags, 0, sky, interval_s=60.0, shortest_lambda=shortest)[0].power
        for shortest in (0.0, 1000.0)
    )
    assert (with_all > 0).mean() > (without > 0).mean() > 0
    kept = without > 0
    assert np.array_equal(with_all[kept], without[kept])


@pytest.mark.parametrize(("interval_s", "expected"), [(np.inf, 1), (60.0, 5), (12.0, 24)])
def test_integrations_fall_into_intervals_as_casa_counts(
    drift: Chain, flags: FlagSet, sky: SkyModel, interval_s: float, expected: int
) -> None:
    (equations,) = accumulate(drift.ms, flags, 0, sky, interval_s=interval_s)
    assert len(equations.times) == expected
    assert equations.lengths.sum() == pytest.approx(24 * 12.884901888, rel=1e-6)
    assert equations.length == pytest.approx(24 * 12.884901888, rel=1e-3)


def test_a_field_without_cross_correlations_is_refused(drift: Chain, flags: FlagSet, sky: SkyModel) -> None:
    with pytest.raises(BadInput, match=r"field 7 of group\.ms has no cross-correlations"):
        accumulate(drift.ms, flags, 7, sky, interval_s=60.0)
