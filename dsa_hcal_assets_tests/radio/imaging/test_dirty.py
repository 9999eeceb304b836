"""No clean iterations: the image is what the data show, whichever program makes it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsa_hcal_assets.radio.imaging.measurements import peak, read_plane
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.radio.quicklook.image import quick_image, quick_parameters
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets_tests.radio.conftest import WALL_SECONDS, WORKERS, Chain

pytestmark = [pytest.mark.radio, pytest.mark.timeout(600)]
DIRTY = {"imsize": 400, "cell_arcsec": 10.0, "niter": 0, "uvrange_lambda": 0.0}


@pytest.mark.parametrize("imager", ["tclean", pytest.param("wsclean", marks=pytest.mark.wsclean)])
def test_a_dirty_image_has_all_planes_and_nothing_is_taken_out_of_it(
    drift: Chain, imager: str, tmp_path: Path
) -> None:
    reply: Any = WorkerClient().call(
        WORKERS["image"],
        {
            "ms": drift.applied["ms"],
            "profile": drift.profile,
            "out_dir": str(tmp_path / "out"),
            "imager": imager,
            **drift.imaging,
            "overrides": DIRTY,
        },
        wall_seconds=WALL_SECONDS,
        log=tmp_path / "log",
    )
    ((name, measured),) = reply["fields"].items()
    planes = {
        plane: read_plane(tmp_path / "out" / name / f"{plane}.fits")
        for plane in ("image", "residual", "model", "psf", "pb", "image_pbcor")
    }
    assert np.array_equal(planes["image"].values, planes["residual"].values)
    assert not planes["model"].values.any()
    assert planes["model"].header["BUNIT"].upper() == "JY/PIXEL"
    assert measured["taken_out"] == []
    # the calibrator as it is, neither cleaned nor put back: its own dirty beam about it
    brightest = next(one for one in measured["known"] if one["source"]["name"] == "3C147")
    assert brightest["offset_arcsec"] < 1
    assert measured["peak"] == pytest.approx(brightest["source"]["jy"], rel=0.05)
    assert measured["psf_correlation"] > 0.98


@pytest.mark.wsclean
def test_a_quick_look_may_be_dirty_too(drift: Chain, tmp_path: Path) -> None:
    parameters = quick_parameters(load_profiles()["dsa110"].imaging).model_copy(update=DIRTY)
    report = quick_image(Path(drift.applied["ms"]), tmp_path, parameters, "wsclean")
    image, residual = (read_plane(report.planes[plane]) for plane in ("image", "residual"))
    assert np.array_equal(image.values, residual.values)
    assert peak(image)[0] == pytest.approx(drift.truth["sources"][0]["flux_1400_jy"], rel=0.05)
