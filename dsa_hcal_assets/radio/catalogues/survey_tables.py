"""Survey catalogues as files: FITS, CSV or VOTable through astropy, to one form with one set of units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.catalogues.columns import Chosen, choose_columns, unit_of
from dsa_hcal_assets.radio.catalogues.vla_list import Problem

if TYPE_CHECKING:
    from astropy.table import Table

Numbers = NDArray[np.float64]

_FORMATS = {".fits": "fits", ".fit": "fits", ".csv": "ascii.csv", ".ecsv": "ascii.ecsv"}
_FORMATS |= {".vot": "votable", ".xml": "votable", ".votable": "votable"}
# Observing frequencies of surveys, Hz: Condon et al. 1998 (NVSS), Becker et al. 1995 (FIRST), McConnell
# et al. 2020 and Duchesne et al. 2023, 2025 (RACS), Lacy et al. 2020 (VLASS)
SURVEY_HZ = {"nvss": 1.4e9, "first": 1.4e9, "vlass": 3.0e9}
SURVEY_HZ |= {"racs-low": 887.5e6, "racs-mid": 1367.5e6, "racs-high": 1655.5e6}
PROBLEMS_KEPT = 100


@dataclass(frozen=True)
class SourceTable:
    """Sources of a catalogue, one array element each; NaN where a value is missing.

    Attributes
    ----------
    numbers
        Row in the file, from 1.
    names
        As the file has them; None where it has none.
    ra_deg, dec_deg
        ICRS, deg: 0 <= ra < 360.
    flux_jy, flux_error_jy, frequency_hz
        Flux density (Jy) and its error at one frequency (Hz); no frequency, no flux densities.
    spectral_index
        alpha of S ~ frequency ** alpha.
    position_error_arcsec
        The larger of both coordinates', arcsec.
    columns
        Where each came from: meaning to "column [unit]".
    refused, problems
        How many rows have no usable position, and the first of them.
    """

    numbers: NDArray[np.int64]
    names: Sequence[str | None] | None
    ra_deg: Numbers
    dec_deg: Numbers
    flux_jy: Numbers
    flux_error_jy: Numbers
    spectral_index: Numbers
    position_error_arcsec: Numbers
    frequency_hz: float | None
    columns: dict[str, str]
    refused: int
    problems: tuple[Problem, ...]


def read_survey(
    path: Path,
    survey: str = "",
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    frequency_hz: float | None = None,
) -> SourceTable:
    """Read a survey's catalogue.

    Parameters
    ----------
    path
        FITS (first table), CSV, ECSV or VOTable; ``.gz`` too.
    survey
        Its name; gives the frequency of those in `SURVEY_HZ`.
    columns, units
        By meaning (see `columns.NAMES`), where the usual names and the file's units do not do.
    frequency_hz
        Where the flux densities hold, Hz.

    Raises
    ------
    BadInput
        If it cannot be read, a column or unit is not known, the frequency is missing, or no row is left.
    """
    table = _read(path)
    chosen = choose_columns(table, columns, units)
    frequency_hz = frequency_hz or _survey_frequency(survey)
    if "flux" in chosen and frequency_hz is None:
        raise BadInput(
            f"the frequency of {path.name} is not known",
            expected=f"a survey called like {', '.join(SURVEY_HZ)}, or a frequency",
            remedy="say it: --frequency HZ",
        )
    ra, dec = _angles(table, chosen["ra"], "hourangle"), _angles(table, chosen["dec"], "deg")
    with np.errstate(invalid="ignore"):
        good = np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90) & (ra >= -180) & (ra <= 360)
    if not good.any():
        raise BadInput(f"{path.name} has no row with a position", found=f"{len(good)} rows")
    bad = np.flatnonzero(~good)
    take = _Taker(table, chosen, good)
    right_ascension = np.mod(ra[good], 360.0)
    declination = dec[good]
    return SourceTable(
        numbers=np.flatnonzero(good) + 1,
        names=take.names(),
        # the remainder of a tiny negative angle rounds to 360 itself
        ra_deg=np.where(right_ascension >= 360.0, 0.0, right_ascension),
        dec_deg=declination,
        flux_jy=take.numbers("flux", "Jy"),
        flux_error_jy=take.numbers("flux_error", "Jy", fallback="flux"),
        spectral_index=take.numbers("spectral_index", ""),
        position_error_arcsec=_larger(take, declination),
        frequency_hz=frequency_hz,
        columns={meaning: f"{one.column} [{one.unit}]" for meaning, one in chosen.items()},
        refused=len(bad),
        problems=tuple(
            Problem(int(row) + 1, f"{table[chosen['ra'].column][row]}, {table[chosen['dec'].column][row]}",
                    "no position on the sky")
            for row in bad[:PROBLEMS_KEPT]
        ),
    )  # fmt: skip


def _read(path: Path) -> "Table":
    from astropy.table import Table

    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    form = _FORMATS.get(suffixes[-1] if suffixes else "")
    if form is None:
        raise BadInput(
            f"{path.name} is of no known form", expected=", ".join(_FORMATS), remedy="rename or convert it"
        )
    extra: dict[str, Any] = {"hdu": 1} if form == "fits" else {}
    try:
        return Table.read(path, format=form, **extra)
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise BadInput(f"{path.name} cannot be read as {form}", found=str(error)[:300]) from error


def _survey_frequency(survey: str) -> float | None:
    return next((hz for name, hz in SURVEY_HZ.items() if survey.lower().startswith(name)), None)


def _angles(table: "Table", chosen: Chosen, sexagesimal_unit: str) -> Numbers:
    if chosen.unit != "sexagesimal":
        return _plain(table, chosen.column) * float(unit_of(chosen.unit).to("deg"))
    from astropy.coordinates import Angle

    values = np.full(len(table), np.nan)
    for row, text in enumerate(table[chosen.column]):
        try:
            values[row] = Angle(str(text), unit=sexagesimal_unit).deg
        except ValueError:
            continue  # stays NaN, and is refused with its row number
    return values


def _plain(table: "Table", column: str) -> Numbers:
    values = np.ma.filled(table[column].astype(np.float64), np.nan)
    return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True)
class _Taker:
    """Values of the rows that stay, in our units."""

    table: "Table"
    chosen: Mapping[str, Chosen]
    good: NDArray[np.bool_]

    def numbers(self, meaning: str, target: str, fallback: str | None = None) -> Numbers:
        """Return a column in `target`; its unit is that of meaning `fallback` where it has none."""
        if meaning not in self.chosen:
            return np.full(int(self.good.sum()), np.nan)
        one = self.chosen[meaning]
        unit = one.unit or (self.chosen[fallback].unit if fallback and fallback in self.chosen else "")
        factor = float(unit_of(unit).to(target)) if unit and target else 1.0
        return _plain(self.table, one.column)[self.good] * factor

    def names(self) -> list[str | None] | None:
        if "name" not in self.chosen:
            return None
        names = self.table[self.chosen["name"].column][self.good]
        return [None if np.ma.is_masked(name) else str(name) for name in names]


def _larger(take: _Taker, dec_deg: Numbers) -> Numbers:
    """Return the larger error, arcsec; errors in seconds of time are those of the coordinate itself."""
    east, north = _error(take, "ra_error", dec_deg), _error(take, "dec_error", dec_deg)
    return np.asarray(np.fmax(east, north), dtype=np.float64)


def _error(take: _Taker, meaning: str, dec_deg: Numbers) -> Numbers:
    one = take.chosen.get(meaning)
    if one is not None and one.unit == "s":
        return np.asarray(take.numbers(meaning, "") * 15.0 * np.cos(np.radians(dec_deg)))
    return take.numbers(meaning, "arcsec")
