"""The VLA calibrator list as text, CSV or SQLite: whichever form a file has, the same sources.

CSV has a row a band: ``J2000_NAME, RA_J2000, DEC_J2000, BAND, FLUX_JY`` and, where known,
``POSITION_CODE, ALT_NAME, QUALITY``. SQLite has the tables ``calibrators(name, ra_deg, dec_deg, ...)``
and ``fluxes(name, band, freq_hz, flux_jy, ...)``. Positions are degrees or sexagesimal (hours for right
ascension), bands letters or wavelengths ("20cm").
"""

import csv
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.catalogues.vla_list import (
    BAND_HZ,
    BandFlux,
    CalibratorList,
    ListedCalibrator,
    Problem,
    parse_list,
)

_SQLITE = b"SQLite format 3\0"
_TEXT = re.compile(rb"^\s*(?:IAU NAME\s+EQUINOX|\d{4}[+-]\d{2,3}\s+J2000)\s", re.MULTILINE)
_HEAD_BYTES = 4096
_WAVELENGTH_CM = {"P": 90.0, "L": 20.0, "C": 6.0, "X": 3.7, "U": 2.0, "K": 1.3, "Q": 0.7}
_LETTERS = {wavelength: band for band, wavelength in _WAVELENGTH_CM.items()} | {4.0: "X", 3.6: "X"}
# What we call a column, and how tables call it
_NAMES = {
    "name": ("j2000_name", "name"),
    "ra": ("ra_j2000", "ra_deg", "ra"),
    "dec": ("dec_j2000", "dec_deg", "dec"),
    "band": ("band", "band_code"),
    "flux": ("flux_jy",),
    "code": ("position_code",),
    "other": ("alt_name",),
    "quality": ("quality_codes", "quality"),
}
_REQUIRED = ("name", "ra", "dec")


def is_calibrator_list(path: Path) -> bool:
    """Tell whether a file is the VLA calibrator list in one of its forms.

    Raises
    ------
    BadInput
        If it cannot be read.
    """
    head = _bytes(path, _HEAD_BYTES)
    return head.startswith(_SQLITE) or _is_csv(head) or bool(_TEXT.search(head))


def read_calibrator_list(path: Path) -> CalibratorList:
    """Read the list from text, CSV or SQLite.

    Raises
    ------
    BadInput
        If the file cannot be read, lacks a table or column, or holds no source.
    """
    content = _bytes(path)
    if content.startswith(_SQLITE):
        found = _of_rows(_sqlite_rows(path), path)
    elif _is_csv(content):
        found = _of_rows(csv.DictReader(content.decode("utf-8-sig", "replace").splitlines()), path)
    else:
        found = parse_list(content.decode("utf-8", "replace"))
    if not found.sources:
        raise BadInput(
            f"{path.name} holds no calibrator",
            expected="the VLA calibrator list as text, CSV (J2000_NAME, ...) or SQLite (calibrators, fluxes)",
            found="; ".join(f"line {one.line}: {one.reason}" for one in found.problems[:3]) or "nothing",
        )
    return found


def _is_csv(content: bytes) -> bool:
    return b"j2000_name" in content[:_HEAD_BYTES].partition(b"\n")[0].lower()


def _bytes(path: Path, most: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise BadInput(f"calibrator list {path} cannot be read", found=str(error)) from error


def _sqlite_rows(path: Path) -> list[dict[str, object]]:
    """Return a row a band, and one for each source without any: 44 % have no flux density at 20 cm."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            sources = [dict(row) for row in connection.execute("select * from calibrators")]
            fluxes = [dict(row) for row in connection.execute("select * from fluxes")]
    except sqlite3.Error as error:
        raise BadInput(
            f"{path.name} is not the calibrator list",
            expected="SQLite tables calibrators and fluxes",
            found=str(error),
        ) from error
    by_name: dict[object, list[dict[str, object]]] = {}
    for flux in fluxes:
        by_name.setdefault(flux["name"], []).append(flux)
    return [source | flux for source in sources for flux in by_name.get(source["name"], [{}])]


def _of_rows(rows: Iterable[Mapping[str, object]], path: Path) -> CalibratorList:
    sources: dict[str, ListedCalibrator] = {}
    problems: list[Problem] = []
    # the heading of a CSV file is its line 1
    for number, row in enumerate(rows, start=2):
        values = _values(row, path)
        try:
            source = _source(values)
            known = sources.get(source.name, source)
            sources[source.name] = _joined(known, _band(values))
        except ValueError as error:
            problems.append(Problem(number, ", ".join(values.values()), str(error)))
    return CalibratorList(tuple(sources.values()), tuple(problems))


def _values(row: Mapping[str, object], path: Path) -> dict[str, str]:
    """Return a row's values by what they mean, "" for nothing."""
    lower = {str(name).strip().lower(): value for name, value in row.items()}
    values = {}
    for meaning, names in _NAMES.items():
        column = next((name for name in names if name in lower), None)
        if column is None and meaning in _REQUIRED:
            raise BadInput(
                f"{path.name} lacks a column", expected=" or ".join(names), found=", ".join(sorted(lower))
            )
        value = lower.get(column) if column else None
        values[meaning] = "" if value is None else str(value).strip()
    return values


def _source(values: Mapping[str, str]) -> ListedCalibrator:
    ra, dec = _angle(values["ra"], "hourangle"), _angle(values["dec"], "deg")
    if not values["name"] or not (0 <= ra < 360 and -90 <= dec <= 90):
        raise ValueError("no name, or a position outside the sky")
    other = tuple(values["other"].split())
    return ListedCalibrator(values["name"], other, ra, dec, values["code"] or "T", ())


def _angle(text: str, sexagesimal_unit: str) -> float:
    try:
        return float(text)
    except ValueError:
        from astropy.coordinates import Angle

        return float(Angle(text, unit=sexagesimal_unit).deg)


def _band(values: Mapping[str, str]) -> BandFlux | None:
    if not values["band"]:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*cm", values["band"])
    letter = _LETTERS.get(float(found[1])) if found else values["band"]
    if letter not in BAND_HZ:
        raise ValueError(f"unknown band {values['band']}")
    wavelength = float(found[1]) if found else _WAVELENGTH_CM[letter]
    flux = float(values["flux"]) if values["flux"] not in ("", "?") else 0.0
    quality = values["quality"] if len(values["quality"]) == 4 else "????"
    return BandFlux(letter, BAND_HZ[letter], wavelength, flux or None, quality)


def _joined(source: ListedCalibrator, flux: BandFlux | None) -> ListedCalibrator:
    if flux is None:
        return source
    if any(one.wavelength_cm == flux.wavelength_cm for one in source.fluxes):
        raise ValueError(f"{flux.wavelength_cm:g} cm comes twice for {source.name}")
    return ListedCalibrator(
        source.name,
        source.aliases,
        source.ra_deg,
        source.dec_deg,
        source.position_code,
        (*source.fluxes, flux),
    )
