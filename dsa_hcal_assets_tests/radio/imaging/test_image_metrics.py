"""Numbers of an image whose content is known."""

import math
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.imaging.bright_sources import BRIGHT_SIGMA, TakenOut, bright_among, put_back
from dsa_hcal_assets.radio.imaging.exposure import Exposure
from dsa_hcal_assets.radio.imaging.image_metrics import group_metrics, kurtosis, psf_correlation
from dsa_hcal_assets.radio.imaging.measurements import fit_source, read_plane
from dsa_hcal_assets_tests.radio.imaging.skies import BEAM, CENTRE, standing, write_sky


def measured(*known: tuple[float, float, float, float], **changed: float) -> dict:  # type: ignore[type-arg]
    """A field's measurements with known sources (expected Jy, ratio, arcsec east, arcsec north)."""
    numbers = dict.fromkeys(
        ("dynamic_range", "beam_major_arcsec", "beam_axis_ratio", "psf_correlation", "finite_fraction",
         "noise_ratio", "residual_mean", "residual_kurtosis"), 1.0)  # fmt: skip
    sources = [
        {"source": {"name": "A", "jy": jy}, "flux_ratio": ratio, "east": east, "north": north,
         "offset_arcsec": math.hypot(east, north)}
        for jy, ratio, east, north in known
    ]  # fmt: skip
    return {"rms": 0.001, "beam_minor_arcsec": 40.0, "known": sources, **numbers, **changed}


def values(fields: dict, catalogue: str = "nvss") -> dict[str, float]:  # type: ignore[type-arg]
    return {one["name"]: one["value"] for one in group_metrics(fields, catalogue)}


def test_the_worst_field_counts_and_what_could_not_be_measured_is_worst() -> None:
    fields = {"a": measured(rms=0.1, dynamic_range=7), "b": measured(psf_correlation=math.nan)}
    found = {one["name"]: one for one in group_metrics(fields)}
    assert (found["rms"]["value"], found["rms"]["detail"]) == (0.1, "field a")
    assert found["dynamic_range"]["value"] == 1
    assert math.isnan(found["psf_correlation"]["value"])


def test_the_comparison_is_the_median_of_matched_sources_of_all_fields() -> None:
    fields = {
        "a": measured((0.5, 1.0, 1, 2), (0.5, 1.1, 3, 2), (0.5, 9.0, 30, 0)),  # the last is another source
        "b": measured((0.5, 1.3, 2, 2), (0.005, 5.0, 9, 9)),  # the last is too faint to tell
    }
    found = values(fields)
    assert (found["matched_sources"], found["flux_ratio"]) == (3, 1.1)
    assert found["position_offset"] == pytest.approx(math.hypot(2, 2))
    detail = next(one["detail"] for one in group_metrics(fields, "nvss") if one["name"] == "flux_ratio")
    assert detail == "3 of 4 sources of nvss above 10 sigma found"


def test_no_catalogue_is_said() -> None:
    (matched, *rest) = group_metrics({"a": measured()})[-3:]
    assert (matched["value"], matched["detail"]) == (0, "not compared: no catalogue of the field is loaded")
    assert all(math.isnan(one["value"]) for one in rest)


def test_gaussian_noise_has_kurtosis_3_and_a_forgotten_source_much_more() -> None:
    noise = np.random.default_rng(1).normal(0, 1, 100_000)
    assert kurtosis(noise) == pytest.approx(3, abs=0.05)
    assert kurtosis(np.append(noise, [100.0] * 5)) > 100
    assert math.isnan(kurtosis(np.zeros(9)))


class TestDirtyBeam:
    def test_a_point_source_correlates_with_it_cleaned_or_not(self, tmp_path: Path) -> None:
        psf = read_plane(write_sky(tmp_path / "psf.fits", [(*CENTRE, 1.0)]))
        at = psf.sky.wcs_pix2world(90, 140, 0)
        dirty = read_plane(write_sky(tmp_path / "dirty.fits", [(*at, 3.0)], noise=0.01))
        model = read_plane(write_sky(tmp_path / "none.fits", []))
        assert psf_correlation(dirty, model, psf, at, BEAM[0]) > 0.99
        # all of it in the model instead
        rest = read_plane(write_sky(tmp_path / "rest.fits", [], noise=0.01))
        model.values[140, 90] = 3.0
        assert psf_correlation(rest, model, psf, at, BEAM[0]) > 0.99

    def test_noise_does_not(self, tmp_path: Path) -> None:
        psf = read_plane(write_sky(tmp_path / "psf.fits", [(*CENTRE, 1.0)]))
        noise = read_plane(write_sky(tmp_path / "noise.fits", [], noise=1.0))
        empty = read_plane(write_sky(tmp_path / "empty.fits", []))
        assert abs(psf_correlation(noise, empty, psf, CENTRE, BEAM[0])) < 0.5

    def test_a_peak_at_the_edge_tells_nothing(self, tmp_path: Path) -> None:
        psf = read_plane(write_sky(tmp_path / "psf.fits", [(*CENTRE, 1.0)]))
        edge = psf.sky.wcs_pix2world(2, 2, 0)
        assert math.isnan(psf_correlation(psf, psf, psf, edge, BEAM[0]))


class TestBrightSources:
    def test_what_is_put_back_is_a_source_of_its_flux_density_in_its_place(self, tmp_path: Path) -> None:
        image = write_sky(tmp_path / "image.fits", [], noise=0.001)
        model = write_sky(tmp_path / "model.fits", [])
        source = Calibrator.of_power_law("A", CENTRE[0] + 0.0503, CENTRE[1] - 0.0217, 9.0, -0.7)
        put_back(image, model, [TakenOut(source, 7.0)])
        fit = fit_source(read_plane(image), source.ra_deg, source.dec_deg)
        assert fit is not None
        assert fit.flux_jy == pytest.approx(7.0, rel=1e-3)
        assert source.separation_deg(fit.ra_deg, fit.dec_deg) * 3600 < 0.05
        assert read_plane(model).values.sum() == pytest.approx(7.0)

    @pytest.mark.parametrize("ra", [CENTRE[0] - 3, CENTRE[0] + 3])
    @pytest.mark.parametrize("dec", [CENTRE[1] - 3, CENTRE[1] + 3])
    def test_one_beyond_the_image_is_not_put_back(self, tmp_path: Path, ra: float, dec: float) -> None:
        image, model = (write_sky(tmp_path / f"{name}.fits", []) for name in ("image", "model"))
        put_back(image, model, [TakenOut(Calibrator.of_power_law("far", ra, dec, 9.0, -0.7), 7.0)])
        assert not read_plane(image).values.any()
        assert not read_plane(model).values.any()

    def test_bright_ones_in_a_drifting_beam_are_taken_out(self) -> None:
        limit = BRIGHT_SIGMA * 0.01
        centres = np.array([[149.5, 30.0], [150.5, 30.0]])
        drifting = Exposure(centres, np.array([0.5, 0.5]), np.array([1.4e9]), np.ones(1), 4.65)
        bright, faint, far = (
            Calibrator.of_power_law(name, 150.0, dec, jy, 0.0)
            for name, dec, jy in [("bright", 30, 3 * limit), ("faint", 30, 0.9 * limit), ("far", 33, 900.0)]
        )
        (only,) = bright_among([bright, faint, far], drifting, 0.01)
        assert only.source.name == "bright"
        assert 0.8 * 3 * limit < only.apparent_jy < 3 * limit
        # a tracked one is constant: cleaning does it
        assert bright_among([bright], standing((150.0, 30.0), 4.65), 0.01) == []
