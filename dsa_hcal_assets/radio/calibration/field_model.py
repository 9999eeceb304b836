"""The other sources in a calibrator's beam: found in images, fitted to the visibilities.

Gains absorb part of what their model leaves out: with 20 antennas unmodelled sources lose up to 16 %
of their flux density, with 96 some 1 %. Each round solves with what the round before found. An image is
made in the first rounds alone, the second one of what the first found nothing of; flux densities and places
are fitted to the visibilities. (The one place where calibration calls imaging; the imports are inside for
that reason.)
"""

from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.radio.calibration.application import apply_set
from dsa_hcal_assets.radio.calibration.calibrator_group import CalibratorGroup
from dsa_hcal_assets.radio.calibration.fields import Field, fields_with_data
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.source_fit import fit_sources
from dsa_hcal_assets.radio.calibration.standards import Calibrator, same_source

# typical spectral index of sources at 1.4 GHz (Condon 1984, ApJ 287, 461)
INDEX = -0.7
# The image only has to show where sources are: pixels twice as large, channels averaged to 3.9 MHz (the
# fit knows what that costs), cleaned in one pass.
COARSER = 2.0
BANDWIDTH_HZ = 3.91e6
IMAGE = {"uvrange_lambda": 0.0, "niter": 2000, "mgain": 0.95, "most_passes": 1}

MOST_ROUNDS = 4
# The second look sees the faint sources that the first gains had absorbed.
LOOKS = 2
# What gains absorb goes down with the number of antennas: with 96, what one round fits is 1 % too low, and
# gains solved with it cost sources another 0.1 %.
MANY_ANTENNAS = 48
# Flux densities that change by less from round to round have settled: with 20 antennas the next round would
# change a sixth of that.
SETTLED = 0.05


def field_model(group: CalibratorGroup, imager: str, scratch: Path) -> Sequence[Calibrator]:
    """Return the sources beside the calibrator, with flux densities free of the primary beam.

    Rounds end when flux densities have settled, or after four; with many antennas one does.

    Parameters
    ----------
    group
        Group with the calibrator.
    imager
        "auto", "wsclean" or "tclean".
    scratch
        Room for calibration sets, calibrated data and images.
    """
    sources: Sequence[Calibrator] = ()
    coarse = group.telescope.calibration.model_copy(update={"average_bandwidth_hz": BANDWIDTH_HZ})
    telescope = group.telescope.model_copy(update={"calibration": coarse})
    for number in range(1, MOST_ROUNDS + 1):
        room = scratch / f"round{number}"
        made = group.solve(room / "tables", sources)
        ms = Path(apply_set(group.ms, group.flags, room / "tables", telescope, room, room)["ms"])
        before = sources
        # without a drifting beam nothing is taken out of the data, and a second look shows the same again
        if number <= LOOKS and (group.beam or not sources):
            sources = [*sources, *_places(group, ms, imager, room, sources)]
        sources = _fitted(group, ms, sources)
        if len(made.antennas) >= MANY_ANTENNAS or have_settled(before, sources):
            break
    return sources


def have_settled(before: Sequence[Calibrator], after: Sequence[Calibrator]) -> bool:
    """Tell whether the same sources have the same flux densities within 5 %."""
    known = {one.name: one.flux_jy(1.4e9) for one in before}
    return len(before) == len(after) and all(
        abs(one.flux_jy(1.4e9) / known[one.name] - 1) <= SETTLED for one in after
    )


def _places(
    group: CalibratorGroup, ms: Path, imager: str, room: Path, known: Sequence[Calibrator]
) -> list[Calibrator]:
    """Return what images of the calibrators' fields show besides these and the sources that are known."""
    from dsa_hcal_assets.radio.imaging.field_image import FieldTask
    from dsa_hcal_assets.radio.imaging.field_sources import sources_beside
    from dsa_hcal_assets.radio.imaging.imager import ImageParameters, choose_imager
    from dsa_hcal_assets.radio.imaging.selection import split_field

    standard = group.telescope.imaging
    size = {"imsize": int(standard.imsize / COARSER) // 2 * 2, "cell_arcsec": standard.cell_arcsec * COARSER}
    parameters = ImageParameters.of_profile(standard, **IMAGE, **size)
    found: list[Calibrator] = []
    for field, calibrator in group.roles.bandpass:
        alone = len(fields_with_data(ms)) == 1
        single = ms if alone else split_field(ms, field, "", room / f"field{field.number}.ms")
        program = choose_imager(imager)  # type: ignore[arg-type]
        task = FieldTask(field, group.telescope, parameters, program, group.pointing_dec_deg)
        mine = [calibrator, *(one for one in known if one.name.startswith(_prefix(field)))]
        seen = sources_beside(mine, single, task, room)
        for number, one in enumerate(seen, start=len(mine)):
            jy = one.jy if group.beam else one.apparent_jy
            source = Calibrator.of_power_law(
                f"{_prefix(field)}{number}", one.ra_deg, one.dec_deg, jy, INDEX, one.frequency_hz
            )
            if not any(same_source(source, other) for other in mine):
                found.append(source)
    return found


def _fitted(group: CalibratorGroup, ms: Path, sources: Sequence[Calibrator]) -> list[Calibrator]:
    """Return the sources with the flux densities and places that fit the data of their fields."""
    shortest = group.telescope.calibration.uvrange_lambda
    fitted: list[Calibrator] = []
    for field, calibrator in group.roles.bandpass:
        mine = [one for one in sources if one.name.startswith(_prefix(field))]
        sky = SkyModel((field.ra_deg, field.dec_deg), (calibrator, *mine), group.beam)
        fitted += fit_sources(ms, field.number, sky, shortest_lambda=shortest)
    return fitted


def _prefix(field: Field) -> str:
    return f"F{field.number}."
