"""What imaging itself does to flux densities, positions and noise: perfectly calibrated data of a known sky.

The visibilities are computed source by source through the drifting beam, with the radiometer's noise;
no calibration has touched them.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.fields import fields_with_data, span
from dsa_hcal_assets.radio.calibration.prediction import predict
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.imaging.job import make_images
from dsa_hcal_assets.radio.imaging.measurements import Comparison, KnownSource, compare, read_plane
from dsa_hcal_assets_tests.radio.conftest import Chain, calibrator

pytestmark = [pytest.mark.radio, pytest.mark.wsclean, pytest.mark.timeout(600)]
SEFD_JY, DISH_M = 6500.0, 4.65
# beside 3C147 and its neighbours: east, north (deg from 3C147), Jy
FAINT = ((0.30, -0.10, 0.020), (-0.45, -0.55, 0.030), (-0.20, 0.95, 0.080), (0.95, -0.30, 0.060))


@pytest.fixture(scope="module")
def sky(drift: Chain) -> list[Calibrator]:
    centre, *others = (calibrator(one) for one in drift.truth["sources"])
    faint = [
        Calibrator.of_power_law(
            f"faint {number}",
            centre.ra_deg + east / np.cos(np.radians(centre.dec_deg)),
            centre.dec_deg + north,
            jy,
            -0.8,
        )
        for number, (east, north, jy) in enumerate(FAINT, start=1)
    ]
    return [centre, *others, *faint]


@pytest.fixture(scope="module")
def perfect(drift: Chain, sky: list[Calibrator], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("accuracy")
    return _perfect(Path(drift.applied["ms"]), home / "perfect.ms", sky, drift.truth["declination_deg"])


@pytest.fixture(scope="module")
def observed(drift: Chain, perfect: Path) -> dict[str, Any]:
    """The image with nothing known but the standard calibrators, with its directory under ``place``."""
    return _imaged(drift, perfect, "alone", [])


@pytest.fixture(scope="module")
def found(observed: dict[str, Any], sky: list[Calibrator]) -> list[tuple[Comparison, float]]:
    """Each source in the corrected image, with the noise there."""
    corrected, response = (read_plane(observed["place"] / f"{name}.fits") for name in ("image_pbcor", "pb"))
    known = [KnownSource(one.name, one.ra_deg, one.dec_deg, one.flux_jy(1.405e9)) for one in sky]
    compared = compare(corrected, known)
    assert len(compared) == len(sky)
    noise = []
    for one in compared:
        x, y = (round(value) for value in response.pixel_of(one.source.ra_deg, one.source.dec_deg))
        noise.append(observed["rms"] / float(response.values[y, x]))
    return list(zip(compared, noise, strict=True))


def test_flux_densities_are_within_3_percent_or_3_sigma(found: Sequence[tuple[Comparison, float]]) -> None:
    """Of 20 mJy to 22 Jy, up to a degree off: 3 % above, 3 sigma below where the noise allows no better."""
    for one, noise in found:
        assert one.fit.flux_jy == pytest.approx(one.source.jy, rel=0.03, abs=3 * noise), one.source.name
    assert found[0][0].flux_ratio == pytest.approx(1, abs=0.003)


def test_faint_sources_lose_nothing_on_average(found: Sequence[tuple[Comparison, float]]) -> None:
    """No bias: the mean deviation of all but the brightest is within 3 errors of a mean."""
    deviations = [(one.fit.flux_jy - one.source.jy) / noise for one, noise in found[1:]]
    assert abs(np.mean(deviations)) < 3 / np.sqrt(len(deviations))


def test_positions_are_within_an_arcsecond_or_a_tenth_of_the_beam(
    observed: dict[str, Any], found: Sequence[tuple[Comparison, float]]
) -> None:
    for one, noise in found:
        # the error of a position: beam / (2 x signal to noise) (Condon 1997, PASP 109, 166)
        error = 3 * observed["beam_major_arcsec"] * noise / one.source.jy / 2
        limit = max(1.0, 0.1 * observed["beam_minor_arcsec"], error)
        assert one.offset_arcsec < limit, one.source.name


def test_the_noise_is_the_radiometers_for_the_weights(observed: dict[str, Any]) -> None:
    """Without a catalogue: bright sources are found and taken out with their drift."""
    assert observed["noise_ratio"] == pytest.approx(1, abs=0.2)
    assert observed["residual_kurtosis"] == pytest.approx(3, abs=0.5)


def test_with_a_catalogue_it_is_so_to_a_twentieth(
    drift: Chain, perfect: Path, sky: list[Calibrator], observed: dict[str, Any]
) -> None:
    known = [
        {"name": one.name, "ra_deg": one.ra_deg, "dec_deg": one.dec_deg, "jy": one.flux_jy(1.4e9),
         "index": -0.7, "at_hz": 1.4e9}
        for one in sky
    ]  # fmt: skip
    measured = _imaged(drift, perfect, "catalogue", known)
    assert measured["noise_ratio"] == pytest.approx(1, abs=0.05)
    assert measured["noise_ratio"] < observed["noise_ratio"]


def _imaged(drift: Chain, ms: Path, name: str, known: list[dict[str, Any]]) -> dict[str, Any]:
    out = ms.parent / name
    reply = make_images(
        str(ms),
        drift.profile,
        str(out),
        imager="wsclean",
        overrides=drift.imaging["overrides"],
        known=known,
        pointing_dec_deg=drift.imaging["pointing_dec_deg"],
        scratch=str(ms.parent),
    )
    (measured,) = reply["fields"].values()
    (place,) = (path for path in out.iterdir() if path.is_dir())
    return measured | {"place": place}


def _perfect(ms: Path, target: Path, sky: Sequence[Calibrator], declination_deg: float) -> Path:
    from casacore.tables import table

    shutil.copytree(ms, target)
    (field,) = fields_with_data(ms)
    beam = DriftBeam(declination_deg, span(ms).longitude_deg, DISH_M)
    rng = np.random.default_rng(11)
    with table(str(target / "SPECTRAL_WINDOW"), ack=False) as windows:
        frequency, width = windows.getcell("CHAN_FREQ", 0), windows.getcell("CHAN_WIDTH", 0)
    with table(str(target), readonly=False, ack=False) as main:
        times, shape = main.getcol("TIME"), main.getcol("DATA").shape
        shares = [beam.share(one.ra_deg, one.dec_deg, times, frequency) for one in sky]
        model = predict(main.getcol("UVW"), frequency, (field.ra_deg, field.dec_deg), sky, shares)
        sigma = SEFD_JY / np.sqrt(2 * np.abs(width) * main.getcol("EXPOSURE")[:, None])
        noise = rng.normal(size=(*shape, 2)) @ np.array([1, 1j])
        main.putcol("DATA", (model[:, :, None] + sigma[:, :, None] * noise).astype(np.complex64))
    return target
