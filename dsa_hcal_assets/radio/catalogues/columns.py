"""Which column of a survey's table means what, and in which unit: the usual names, or what one says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsa_hcal_assets.errors import BadInput

if TYPE_CHECKING:
    from astropy.table import Table
    from astropy.units import UnitBase

# Names by meaning, the better first: VizieR's, HEASARC's, CASDA's and CIRADA's tables of NVSS, FIRST,
# RACS and VLASS, and plain ones. Integrated flux densities come before peaks.
NAMES: dict[str, tuple[str, ...]] = {
    "ra": ("ra_deg", "ra_deg_cont", "raj2000", "ra_j2000", "ra_icrs", "_raj2000", "ra"),
    "dec": ("dec_deg", "dec_deg_cont", "dej2000", "dec_j2000", "de_icrs", "_dej2000", "dec", "de"),
    "name": ("name", "source_name", "component_name", "source_id", "component_id", "nvss", "first", "id"),
    "flux": (
        "flux_jy", "flux_mjy", "total_flux", "total_flux_source", "flux_int", "int_flux", "fint", "ftot",
        "s1.4", "s1_4", "flux_20_cm", "integrated_flux", "flux", "peak_flux", "fpeak",
    ),
    "flux_error": (
        "flux_error_jy", "flux_err_mjy", "flux_error_mjy", "e_total_flux", "e_total_flux_source",
        "flux_int_err", "e_fint", "e_ftot", "e_s1.4", "e_s1_4", "flux_20_cm_error", "flux_err", "e_flux",
    ),
    "spectral_index": ("spectral_index", "spindex", "alpha", "si"),
    "ra_error": ("ra_error_arcsec", "ra_error", "e_raj2000", "e_ra", "ra_err"),
    "dec_error": ("dec_error_arcsec", "dec_error", "e_dej2000", "e_dec", "dec_err"),
}  # fmt: skip
REQUIRED = ("ra", "dec")
_TARGETS = {"ra": "deg", "dec": "deg", "flux": "Jy", "flux_error": "Jy", "spectral_index": ""}
_TARGETS |= {"ra_error": "arcsec", "dec_error": "arcsec"}
_SPELLINGS = {"mjy": "mJy", "jy": "Jy", "ujy": "uJy", "degrees": "deg", "degree": "deg", "arcsecs": "arcsec"}

# a flux density per beam is that of an unresolved source
_PER_BEAM = re.compile(r"\s*[/.*]?\s*beam(?:(?:\*\*|\^)?-1)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Chosen:
    """A column taken, and its unit ("" for a pure number, "sexagesimal" for text)."""

    column: str
    unit: str


def choose_columns(
    table: "Table", columns: Mapping[str, str] | None = None, given_units: Mapping[str, str] | None = None
) -> dict[str, Chosen]:
    """Return the columns of a table by what they mean (the keys of `NAMES`).

    Parameters
    ----------
    table
        As read by astropy.
    columns, given_units
        What the caller says about columns and units, by meaning; it comes before names and the table's
        own units.

    Raises
    ------
    BadInput
        If a position has no column, a column named is not there, or a unit is unknown; says which.
    """
    columns, given_units = columns or {}, given_units or {}
    for meaning in (*columns, *given_units):
        if meaning not in NAMES:
            raise BadInput(f"no such meaning of a column: {meaning}", expected=", ".join(NAMES))
    chosen = {}
    for meaning in NAMES:
        column = _column(meaning, table.colnames, columns)
        if column is not None:
            chosen[meaning] = Chosen(column, _unit(meaning, table, column, given_units))
    return chosen


def unit_of(text: str) -> "UnitBase":
    """Return astropy's unit for a spelling of tables (``MJY``, ``degrees``, ``mJy/beam``).

    Raises
    ------
    ValueError
        If there is no such unit.
    """
    from astropy import units

    plain = _PER_BEAM.sub("", text.strip())
    return units.Unit(_SPELLINGS.get(plain.lower(), plain))


def _column(meaning: str, present: Sequence[str], columns: Mapping[str, str]) -> str | None:
    if meaning in columns:
        if columns[meaning] not in present:
            raise BadInput(f"the table has no column {columns[meaning]}", found=", ".join(present)[:400])
        return columns[meaning]
    lower = {name.lower(): name for name in reversed(present)}
    found = next((lower[name] for name in NAMES[meaning] if name in lower), None)
    if found is None and meaning in REQUIRED:
        raise BadInput(
            f"no column of the table is known to be {meaning}",
            expected=" or ".join(NAMES[meaning]),
            found=", ".join(present)[:400],
            remedy=f"name it: --column {meaning}=NAME",
        )
    return found


def _unit(meaning: str, table: "Table", column: str, given: Mapping[str, str]) -> str:
    if meaning == "name":
        return ""
    if meaning in REQUIRED and table[column].dtype.kind in "USO":
        return "sexagesimal"
    target = _TARGETS[meaning]
    text = given.get(meaning) or str(table[column].unit or "") or _by_name(column)
    if not text and meaning == "flux_error":
        return ""  # that of the flux density
    if meaning == "ra_error" and text == "s":
        return text  # seconds of time, as VizieR has them
    if not text and meaning in (*REQUIRED, "spectral_index"):
        return target
    try:
        unit_of(text).to(target)
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"the unit of column {column} ({meaning}) is not known",
            expected=f"one that converts to {target}",
            found=repr(text) if text else "none",
            remedy=f"say it: --unit {meaning}={'mJy' if target == 'Jy' else target}",
        ) from error
    return text


def _by_name(column: str) -> str:
    found = re.search(r"_(mjy|ujy|jy|deg|arcsec|mas)$", column.lower())
    return found[1] if found else ""
