"""Worker entry point: the images of a calibrated group, with measurements and pictures."""

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsa_hcal_assets.radio.calibration.fields import Field, fields_with_data
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_standards, same_source
from dsa_hcal_assets.radio.catalogues.calibrators import TYPICAL_INDEX
from dsa_hcal_assets.radio.imaging.field_image import FieldImage, FieldTask, image_field
from dsa_hcal_assets.radio.imaging.image_metrics import group_metrics, measure_field
from dsa_hcal_assets.radio.imaging.imager import ImageParameters, ImagerName, choose_imager
from dsa_hcal_assets.radio.imaging.measurements import KnownSource, read_plane
from dsa_hcal_assets.radio.imaging.provenance import stamp
from dsa_hcal_assets.radio.imaging.selection import channels_of, fields_to_image, split_field
from dsa_hcal_assets.radio.imaging.self_calibration import Iteration, SelfCalibration
from dsa_hcal_assets.radio.imaging.sources import find_sources
from dsa_hcal_assets.radio.imaging.thumbnail import write_thumbnail
from dsa_hcal_assets.radio.profiles.model import Profile

SELF_CALIBRATION = "self_calibration"


def make_images(
    ms: str,
    profile: Mapping[str, Any],
    out_dir: str,
    imager: ImagerName = "auto",
    overrides: Mapping[str, Any] | None = None,
    known: Sequence[Mapping[str, Any]] = (),
    catalogue: str = "",
    facts: Mapping[str, str] | None = None,
    pointing_dec_deg: float | None = None,
    self_calibration: bool = False,
    scratch: str | None = None,
) -> dict[str, Any]:
    """Image the fields of a calibrated set; write FITS, pictures and measurements.

    Parameters
    ----------
    ms
        Calibrated set; only read.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: a directory a field with image, residual, psf, model, pb and
        image_pbcor as FITS, a PNG, and ``measurements.json`` for all.
    imager
        "wsclean", "tclean", or "auto" (WSClean when installed).
    overrides
        Parameters that replace the profile's (settings: imsize, robust, niter, threshold_jy).
    known
        Sources to compare with: {name, ra_deg, dec_deg, jy, point, index, at_hz}; flux densities
        before the primary beam.
    catalogue
        Where these are from, for people.
    facts
        For the FITS headers: GROUP, CALSET, INPUTSUM, CODEVER.
    pointing_dec_deg
        Apparent declination of a drift scan: the beam is centred there, not at the phase centre.
    self_calibration
        Whether to self-calibrate each field first.
    scratch
        Room for single-field sets.

    Returns
    -------
    dict
        ``metrics`` [{name, value, detail}] (worst over the fields), ``fields`` {name: measurements},
        ``figures`` [{caption, path}], ``imager``, ``version``, ``parameters``.
    """
    telescope = Profile.model_validate(profile)
    source, target = Path(ms), Path(out_dir)
    parameters = ImageParameters.of_profile(telescope.imaging, **dict(overrides or {}))
    sources = [KnownSource(**one) for one in known]
    fields: dict[str, dict[str, Any]] = {}
    figures: list[dict[str, str]] = []
    program = version = ""
    for field in fields_to_image(source, telescope.imaging.fields, telescope.imaging.max_images):
        ranges = channels_of(field.name, telescope.imaging.channels)
        task = FieldTask(
            field, telescope, parameters, choose_imager(imager), pointing_dec_deg, _bright(sources)
        )
        directory = target / _directory_name(field)
        with tempfile.TemporaryDirectory(prefix="image-", dir=scratch) as room:
            single = _single(source, task, ranges, Path(room))
            made, iterations = (
                _self_calibrated(single, directory, task, Path(room))
                if self_calibration
                else (image_field(single.ms, directory, single.task, Path(room)), [])
            )
        program, version = made.report.imager, made.report.version
        stated = {"OBJECT": field.name, "channels": ranges or "all", **dict(facts or {})}
        if self_calibration:
            kept = sum(one.accepted for one in iterations)
            stated["self-calibration"] = f"{kept} of {len(iterations)} iterations accepted"
        if made.taken:
            stated["taken out and put back"] = ", ".join(one.source.name for one in made.taken)
        for path in (*made.report.planes.values(), *made.beams.values()):
            stamp(path, made.report, parameters, stated)
        measured = measure_field(made, sources)
        fields[field.name] = measured | {
            "channels": ranges or "all",
            SELF_CALIBRATION: [one.as_json() for one in iterations],
        }
        figures += _picture(made, field, measured, directory, sources)
    result = {
        "imager": program,
        "version": version,
        "parameters": parameters.model_dump(mode="json"),
        "fields": fields,
        "metrics": group_metrics(fields, catalogue or ("known sources" if sources else "")),
        "figures": figures,
    }
    (target / "measurements.json").write_text(
        json.dumps({key: value for key, value in result.items() if key != "figures"}, indent=1),
        encoding="utf-8",
    )
    return result


@dataclass(frozen=True)
class _Single:
    ms: Path
    task: FieldTask


def _single(source: Path, task: FieldTask, ranges: str, room: Path) -> _Single:
    """Return a set of the field alone: the group's own where it holds nothing else and is only read."""
    # tclean opens what it images for writing
    alone = len(fields_with_data(source)) == 1 and not ranges and task.imager == "wsclean"
    if alone:
        return _Single(source, task)
    split = split_field(source, task.field, ranges, room / "field.ms")
    return _Single(split, replace(task, field=replace(task.field, number=0)))


def _self_calibrated(
    single: _Single, directory: Path, task: FieldTask, room: Path
) -> tuple[FieldImage, list[Iteration]]:
    """Self-calibrate and return the image of the last accepted iteration, moved to `directory`."""
    looks: dict[Path, FieldImage] = {}

    def look(ms: Path, number: int) -> tuple[list[Calibrator], float]:
        looks[ms] = made = image_field(ms, room / f"look-{number}", task, room)
        measured = measure_field(made, ())
        return _sky_of(made, drifts=beam is not None), measured["dynamic_range"]

    beam = single.task.drift_beam(single.ms)
    directory.mkdir(parents=True)
    loop = SelfCalibration(
        single.task.field.number,
        task.centre_deg,
        beam,
        task.telescope.calibration.uvrange_lambda,
        directory,
        room,
        look,
    )
    best, iterations = loop.run(loop.first(single.ms))
    return _moved(looks[best.ms], directory), iterations


def _sky_of(made: FieldImage, *, drifts: bool) -> list[Calibrator]:
    """Return the sources of an image; where the beam follows the field, as they appear."""
    paths = made.report.planes
    precise = [one.source for one in made.taken]
    found = []
    for number, one in enumerate(find_sources(paths["image"], made.beams["pb"], paths["residual"]), start=1):
        jy = one.jy if drifts else one.apparent_jy
        source = Calibrator.of_power_law(
            f"F{number}", one.ra_deg, one.dec_deg, jy, TYPICAL_INDEX, one.frequency_hz
        )
        # a source that was taken out is better known than its image tells
        found.append(next((known for known in precise if same_source(known, source)), source))
    return found


def _moved(made: FieldImage, directory: Path) -> FieldImage:
    paths = {path: directory / path.name for path in (*made.report.planes.values(), *made.beams.values())}
    paths[made.report.log] = directory / made.report.log.name
    for old, new in paths.items():
        shutil.move(old, new)
    planes = {name: paths[path] for name, path in made.report.planes.items()}
    report = replace(made.report, planes=planes, log=paths[made.report.log])
    return replace(made, report=report, beams={name: paths[path] for name, path in made.beams.items()})


def _bright(sources: Sequence[KnownSource]) -> list[Calibrator]:
    """Return the standard calibrators, and known sources with a spectrum of their own."""
    standards = list(load_standards())
    others = [one.spectrum(one.at_hz) for one in sources if one.point and one.at_hz is not None]
    return standards + [one for one in others if not any(same_source(one, known) for known in standards)]


def _picture(
    made: FieldImage,
    field: Field,
    measured: Mapping[str, Any],
    directory: Path,
    sources: Sequence[KnownSource],
) -> list[dict[str, str]]:
    plane = read_plane(made.report.planes["image"])
    path = directory / "image.png"
    marks = [(one.name, one.ra_deg, one.dec_deg) for one in sources]
    write_thumbnail(plane, measured["rms"], f"{field.name} ({made.report.imager})", path, marks)
    caption = (
        f"{field.name}: Stokes I, {1e3 * measured['rms']:.3g} mJy/beam rms, "
        f"peak {measured['peak']:.4g} Jy/beam, beam {measured['beam_major_arcsec']:.3g} x "
        f"{measured['beam_minor_arcsec']:.3g} arcsec (ellipse, lower left)."
    )
    return [{"caption": caption, "path": str(path)}]


def _directory_name(field: Field) -> str:
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", field.name)
