"""What the sky looks like on a calibrator field: MODEL_DATA by CASA's setjy."""

import logging
from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.description import FluxDensity
from dsa_hcal_assets.radio.calibration.fields import Field
from dsa_hcal_assets.radio.calibration.standards import Calibrator

log = logging.getLogger(__name__)


def set_models(
    work: Path, fields: Sequence[tuple[Field, Calibrator]], standard: str, frequency_hz: float
) -> list[FluxDensity]:
    """Fill MODEL_DATA of the calibrator fields (point source at the phase centre) in a working copy.

    Standard calibrators get setjy's own model of the standard, which knows their slow variations;
    all others their spectrum from the calibrator table.

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
            reply = casatasks.setjy(standard=standard, **common)
            flux, origin = _flux_of(reply, field), standard
        else:
            reference = 10.0 ** source.coefficients[0]
            reply = casatasks.setjy(
                standard="manual",
                fluxdensity=[reference, 0, 0, 0],
                spix=list(source.coefficients[1:]) or [0.0],
                reffreq="1GHz",
                **common,
            )
            flux, origin = source.flux_jy(frequency_hz), f"calibrator table: {source.name}"
            if source.standard:
                origin = f"{source.standard}: {source.name}"
        if not reply or flux <= 0:
            raise BadInput(f"no model could be set for {field.name}", found=repr(reply)[:200])
        found.append(FluxDensity(field=field.name, jy=flux, error_jy=0.0, frequency_hz=frequency_hz, origin=origin))
    return found


def _known_by_name(field: Field, source: Calibrator) -> bool:
    """Tell whether setjy recognises the field: it goes by names, not by positions."""
    return any(field.name.upper().startswith(name.upper()) for name in (source.name, *source.aliases))


def _flux_of(reply: dict[str, object], field: Field) -> float:
    """Return the mean Stokes I over spectral windows in a reply of setjy, Jy; 0 when it has none."""
    entry = reply.get(str(field.number)) if isinstance(reply, dict) else None
    if not isinstance(entry, dict):
        return 0.0
    values = [float(window["fluxd"][0]) for key, window in entry.items() if key != "fieldName"]
    return sum(values) / len(values) if values else 0.0
