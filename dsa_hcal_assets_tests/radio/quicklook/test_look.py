"""A quick look shows the sky the science path shows: the same gains, the same averages, in one pass."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.application import NoTableHolds
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.standards import separation_deg
from dsa_hcal_assets.radio.calibration.streamed_application import write_calibrated
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import windows
from dsa_hcal_assets.radio.imaging.measurements import read_plane
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.quicklook.image import quick_parameters
from dsa_hcal_assets.radio.quicklook.imaging_set import NotQuick, write_imaging_set
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets_tests.radio.conftest import WALL_SECONDS, Chain

pytestmark = pytest.mark.radio


def inputs(drift: Chain) -> tuple[list[Path], Profile, Path, PhaseCentre]:
    _ = drift.solutions
    source = drift.truth["sources"][0]
    centre = PhaseCentre(source["name"], np.radians(source["ra_deg"]), np.radians(source["dec_deg"]))
    files = sorted((drift.home / "incoming").glob("*.hdf5"))
    return files, Profile.model_validate(drift.profile), drift.home / "tables", centre


@pytest.fixture(scope="module")
def looked(drift: Chain, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    home = tmp_path_factory.mktemp("look")
    files, _, tables, centre = inputs(drift)
    small = {**drift.profile["imaging"], "imsize": 2400}
    reply: Any = WorkerClient().call(
        "dsa_hcal_assets.radio.quicklook.job:look",
        {
            "files": [str(path) for path in files],
            "profile": {**drift.profile, "imaging": small},
            "calibration": str(tables),
            "out_dir": str(home / "out"),
            "phase_centre": centre.as_json(),
        },
        wall_seconds=WALL_SECONDS,
        log=home / "worker.log",
    )
    return home / "out", dict(reply)


def test_one_pass_over_the_subbands_gives_what_applying_to_the_measurement_set_gives(
    drift: Chain, tmp_path: Path
) -> None:
    files, profile, tables, centre = inputs(drift)
    coarse = profile.calibration.model_copy(update={"average_bandwidth_hz": 6e6})
    unclipped = profile.flagging.model_copy(update={"mad_sigma": None})
    profile = profile.model_copy(update={"calibration": coarse, "flagging": unclipped})
    made = write_imaging_set(files, profile, tables, tmp_path / "ours.ms", centre, Stopwatch())
    (raw,) = windows(drift.ms)
    flags = FlagSet({0: (raw.data == 0) | ~raw.cross[:, None, None]})
    held = [one for one in SetDescription.load(tables).tables if one.kind in made.tables]
    write_calibrated(drift.ms, flags, tables, held, made.average, tmp_path / "theirs.ms")
    (ours,), (theirs,) = windows(tmp_path / "ours.ms"), windows(tmp_path / "theirs.ms")
    assert made.average == 8
    assert np.allclose(ours.frequency_hz, theirs.frequency_hz)
    assert np.array_equal(ours.flag, theirs.flag)
    assert np.allclose(ours.data, theirs.data, rtol=1e-5, atol=1e-5)


def test_the_image_holds_the_calibrator_where_and_as_bright_as_it_is(
    drift: Chain, looked: tuple[Path, dict[str, Any]]
) -> None:
    out, reply = looked
    source, found = drift.truth["sources"][0], reply["measured"]
    offset = separation_deg(found["peak_ra_deg"], found["peak_dec_deg"], source["ra_deg"], source["dec_deg"])
    assert offset * 3600 < 3.1
    assert found["peak_fit_jy"] == pytest.approx(source["flux_1400_jy"], rel=0.03)
    header = read_plane(out / "image.fits").header
    assert header["CALSET"] == drift.solving["group"]


def test_metrics_and_moments_are_there_to_be_judged(looked: tuple[Path, dict[str, Any]]) -> None:
    out, reply = looked
    values = {one["name"]: one["value"] for one in reply["metrics"]}
    assert set(values) == {
        "flagged_fraction", "zero_fraction", "amplitude_ratio", "staleness_hours", "beyond_validity_hours",
        "rms", "dynamic_range", "beam_axis_ratio",
        "finite_fraction", "noise_ratio", "processing_seconds",
    }  # fmt: skip
    assert values["amplitude_ratio"] == pytest.approx(1, abs=0.05)
    assert values["flagged_fraction"] < 0.01
    assert values["noise_ratio"] > 0.5
    moments = [reply["elapsed"][step] for step in ("read", "calibrated", "imaged", "measured")]
    assert moments == sorted(moments)
    assert json.loads((out / "quicklook.json").read_text())["metrics"] == reply["metrics"]


def test_only_what_is_looked_at_is_kept(looked: tuple[Path, dict[str, Any]]) -> None:
    out, _ = looked
    assert {path.name for path in out.iterdir()} == {
        "image.fits", "residual.fits", "psf.fits", "model.fits", "image.png", "quicklook.json", "wsclean.log",
    }  # fmt: skip


def test_the_field_is_that_of_the_standard_image_at_the_presets_pixel() -> None:
    imaging = load_profiles()["dsa110"].imaging
    quick = quick_parameters(imaging)
    assert quick.imsize * quick.cell_arcsec == imaging.imsize * imaging.cell_arcsec
    assert quick.cell_arcsec >= 6


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"gain_fields": ("another",)}, NotQuick),
        ({"tables": ()}, NoTableHolds),
    ],
)
def test_a_set_that_one_pass_cannot_apply_is_refused(
    drift: Chain, tmp_path: Path, change: dict[str, Any], refusal: type[BadInput]
) -> None:
    files, profile, tables, centre = inputs(drift)
    changed = Path(shutil.copytree(tables, tmp_path / "tables"))
    SetDescription.load(tables).model_copy(update=change).save(changed)
    with pytest.raises(refusal):
        write_imaging_set(files, profile, changed, tmp_path / "out.ms", centre, Stopwatch())
