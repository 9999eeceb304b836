"""Provenance in FITS headers: who made the image, from what, with which parameters."""

from collections.abc import Mapping
from pathlib import Path

from dsa_hcal_assets.radio.imaging.imager import ImageParameters, ImageReport

# keyword -> comment; values come from the caller where they are not in the report
KEYWORDS = {
    "GROUP": "observation group",
    "CALSET": "calibration set applied",
    "INPUTSUM": "checksum of the calibrated set",
    "CODEVER": "version of dsa_hcal_assets",
}

# characters a card holds, and holds beside a comment
LONGEST, SHORT = 68, 36


def stamp(path: Path, report: ImageReport, parameters: ImageParameters, facts: Mapping[str, str]) -> None:
    """Write the provenance into a FITS file's primary header.

    Parameters
    ----------
    path
        FITS file, changed in place (it is in staging still).
    report
        Which program made it.
    parameters
        What was asked for.
    facts
        Values of `KEYWORDS`, and OBJECT; others are kept as HISTORY.
    """
    from astropy.io import fits

    with fits.open(path, mode="update") as opened:
        header = opened[0].header
        header["IMAGER"] = (report.imager, "program that made the image")
        header["IMAGVER"] = (report.version[:60], "its version")
        if "OBJECT" in facts:
            header["OBJECT"] = facts["OBJECT"]
        for keyword, comment in KEYWORDS.items():
            if keyword in facts:
                value = facts[keyword][:LONGEST]
                # a checksum leaves no room for a comment in its card
                header[keyword] = (value, comment) if len(value) <= SHORT else value
        for name, value in sorted(facts.items()):
            if name not in KEYWORDS and name != "OBJECT":
                header.add_history(f"{name}: {value}")
        header.add_history(f"parameters: {parameters.model_dump_json()}")
