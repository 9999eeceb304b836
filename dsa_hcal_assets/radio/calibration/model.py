"""What the sky looks like on a calibrator field: as a flux density, and as MODEL_DATA by CASA's setjy."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.description import FluxDensity
from dsa_hcal_assets.radio.calibration.fields import Field
from dsa_hcal_assets.radio.calibration.prediction import add_sources, attenuate_model, mean_model
from dsa_hcal_assets.radio.calibration.standards import Calibrator

Floats = NDArray[np.float64]

log = logging.getLogger(__name__)


def set_models(
    work: Path,
    fields: Sequence[tuple[Field, Calibrator]],
    standard: str,
    frequency_hz: float,
    beam: DriftBeam | None = None,
    neighbours: Sequence[Calibrator] = (),
) -> list[FluxDensity]:
    """Fill MODEL_DATA of the calibrator fields (point source at the phase centre) in a working copy.

    Standard calibrators get setjy's own model of the standard, which knows their slow variations;
    all others their spectrum from the calibrator table. A drifting beam attenuates the model as it
    attenuates the data. Neighbours are added: sources that are left out of the model are partly
    absorbed by the solutions (of the order of 2 / antennas of their flux density with few antennas)
    and come out too faint afterwards.

    Returns
    -------
    list of FluxDensity
        What was set, at `frequency_hz`.

    Raises
    ------
    BadInput
        If setjy does not fill the model.
    """
    import casatasks

    found = []
    for field, source in fields:
        common = {"vis": str(work), "field": str(field.number), "scalebychan": True, "usescratch": True}
        if source.standard == standard and _known_by_name(field, source):
            reply, origin = casatasks.setjy(standard=standard, **common), standard
        else:
            reference = 10.0 ** source.coefficients[0]
            reply = casatasks.setjy(
                standard="manual",
                fluxdensity=[reference, 0, 0, 0],
                spix=list(source.coefficients[1:]) or [0.0],
                reffreq="1GHz",
                **common,
            )
            origin = f"{source.standard or 'calibrator table'}: {source.name}"
        flux = mean_model(work, field.number)
        if not reply or flux <= 0:
            raise BadInput(f"no model could be set for {field.name}", found=repr(reply)[:200])
        share = attenuate_model(work, field.number, source, beam) if beam else 1.0
        if neighbours:
            add_sources(work, field.number, (field.ra_deg, field.dec_deg), neighbours, beam)
        found.append(
            FluxDensity(
                field=field.name,
                ra_deg=field.ra_deg,
                dec_deg=field.dec_deg,
                jy=flux,
                apparent_jy=flux * share,
                error_jy=0.0,
                frequency_hz=frequency_hz,
                origin=origin,
            )
        )
    return found


def apparent_flux(
    field: Field, source: Calibrator, frequency_hz: Floats, times_s: Floats, beam: DriftBeam | None
) -> FluxDensity:
    """Return the mean flux density of a calibrator over a band, and as it appears through the beam.

    Parameters
    ----------
    frequency_hz, times_s
        Channels (Hz) and moments (UTC MJD seconds) the means are taken over.
    """
    flux = np.array([source.flux_jy(value) for value in frequency_hz])
    share = beam.share(source.ra_deg, source.dec_deg, times_s, frequency_hz) if beam else np.ones((1, 1))
    return FluxDensity(
        field=field.name,
        ra_deg=field.ra_deg,
        dec_deg=field.dec_deg,
        jy=float(flux.mean()),
        apparent_jy=float((flux * share).mean()),
        error_jy=0.0,
        frequency_hz=float(frequency_hz.mean()),
        origin=f"{source.standard or 'calibrator table'}: {source.name}",
    )


def _known_by_name(field: Field, source: Calibrator) -> bool:
    """Tell whether setjy recognises the field: it goes by names, not by positions."""
    return any(field.name.upper().startswith(name.upper()) for name in (source.name, *source.aliases))
