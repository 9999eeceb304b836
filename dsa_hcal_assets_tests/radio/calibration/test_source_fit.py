"""Sources fitted to visibilities: what was put in comes out, through the beam and averaged channels."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.fields import fields_with_data
from dsa_hcal_assets.radio.calibration.prediction import predict
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.source_fit import fit_sources
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets_tests.radio.conftest import Chain

pytestmark = pytest.mark.radio
# beside a calibrator of 20 Jy: east, north (deg), Jy at 1.4 GHz
OTHERS = ((0.3, 0.1, 1.0), (-0.5, 0.6, 0.4), (0.9, -0.7, 2.0), (-0.1, -0.3, 0.1))
# frequencies an averaged channel is made of
PARTS = 8
NOISE_JY = 0.3


@pytest.fixture(scope="module")
def sky(drift: Chain) -> SkyModel:
    (field,) = fields_with_data(drift.ms)
    sources = [Calibrator.of_power_law("calibrator", field.ra_deg, field.dec_deg, 20.0, -0.6)]
    for number, (east, north, jy) in enumerate(OTHERS, start=1):
        ra = field.ra_deg + east / np.cos(np.radians(field.dec_deg))
        sources.append(Calibrator.of_power_law(f"F0.{number}", ra, field.dec_deg + north, jy, -0.7))
    beam = DriftBeam(drift.truth["declination_deg"], -118.283, 4.65)
    return SkyModel((field.ra_deg, field.dec_deg), sources, beam)


@pytest.fixture(scope="module")
def observed(drift: Chain, sky: SkyModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of this sky, each channel the mean of eight inside it, with noise."""
    from casacore.tables import table

    target = tmp_path_factory.mktemp("fluxes") / "sky.ms"
    shutil.copytree(drift.ms, target)
    with table(str(target / "SPECTRAL_WINDOW"), ack=False) as windows:
        frequency, width = windows.getcell("CHAN_FREQ", 0), windows.getcell("CHAN_WIDTH", 0)
    fine = (frequency[:, None] + width[:, None] * ((np.arange(PARTS) + 0.5) / PARTS - 0.5)).ravel()
    with table(str(target), readonly=False, ack=False) as main:
        times, uvw, shape = main.getcol("TIME"), main.getcol("UVW"), main.getcol("DATA").shape
        assert sky.beam is not None
        shares = [sky.beam.share(one.ra_deg, one.dec_deg, times, fine) for one in sky.sources]
        model = (
            predict(uvw, fine, sky.centre_deg, sky.sources, shares).reshape(*shape[:2], PARTS).mean(axis=2)
        )
        noise = np.random.default_rng(3).normal(scale=NOISE_JY, size=(*shape, 2)) @ np.array([1, 1j])
        main.putcol("DATA", (model[:, :, None] + noise).astype(np.complex64))
    return target


def test_flux_densities_and_places_come_out_of_a_first_guess(observed: Path, sky: SkyModel) -> None:
    """As an image may have them: 10 % too faint or too bright, 3 arcsec off."""
    calibrator, *others = sky.sources
    guessed = [
        replace(
            one,
            ra_deg=one.ra_deg + 3 / 3600,
            dec_deg=one.dec_deg - 2 / 3600,
            coefficients=(one.coefficients[0] + sign * 0.045, *one.coefficients[1:]),
        )
        for one, sign in zip(others, (1, -1, 1, -1), strict=True)
    ]
    found = fit_sources(observed, 0, replace(sky, sources=(calibrator, *guessed)), shortest_lambda=300.0)
    assert [one.name for one in found] == [one.name for one in others]
    for fitted, truth in zip(found, others, strict=True):
        assert fitted.flux_jy(1.4e9) == pytest.approx(truth.flux_jy(1.4e9), rel=0.005, abs=0.003)
        assert 3600 * truth.separation_deg(fitted.ra_deg, fitted.dec_deg) < 0.5


def test_averaging_channels_costs_no_flux_density(observed: Path, sky: SkyModel) -> None:
    """The source 1.1 deg off lost several per cent to it, which the model knows."""
    (*_, far, _) = fit_sources(observed, 0, sky)
    assert far.flux_jy(1.4e9) == pytest.approx(2.0, rel=0.003)


def test_a_place_without_a_source_gets_nothing_of_its_neighbour(observed: Path, sky: SkyModel) -> None:
    calibrator, *others = sky.sources
    ghost = replace(others[0], name="ghost", dec_deg=others[0].dec_deg + 30 / 3600)
    found = fit_sources(observed, 0, replace(sky, sources=(calibrator, *others, ghost)))
    assert sum(one.flux_jy(1.4e9) for one in found if one.name == "ghost") < 0.01


def test_a_calibrator_alone_needs_no_fit(observed: Path, sky: SkyModel) -> None:
    assert fit_sources(observed, 0, replace(sky, sources=sky.sources[:1])) == []
