"""The VLA calibrator list in its text form: blocks of a J2000 line, a B1950 line and a row a band.

Format of NRAO's ``csource`` text. Every line is a part of a block, a rule, a heading, or a `Problem`.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Mean of the two default continuum intermediate frequencies of each band, Hz (VLA Observational Status
# Summary, 2003); the list itself names bands only.
BAND_HZ = {
    "P": 0.3275e9,
    "L": 1.4250e9,
    "C": 4.8601e9,
    "X": 8.4601e9,
    "U": 14.9399e9,
    "K": 22.4601e9,
    "Q": 43.3399e9,
}
# Upper limit of the position error by code, arcsec (VLA calibrator manual); "T" is worse than "C".
POSITION_ERROR_ARCSEC = {"A": 0.002, "B": 0.01, "C": 0.15}

_POSITION = re.compile(
    r"^\s*(?P<name>\d{4}[+-]\d{2,3})\s+(?P<equinox>J2000|B1950)\s+(?P<code>[A-Z])\s+"
    r"(?P<h>\d\d?)h(?P<m>\d\d?)m(?P<s>\d\d?(?:\.\d*)?)s\s+"
    r"(?P<sign>[+-]?)(?P<d>\d\d?)d(?P<arcmin>\d\d?)'(?P<arcsec>\d\d?(?:\.\d*)?)\"(?P<rest>.*)$"
)
_BAND = re.compile(r"^\s*(?P<cm>\d+(?:\.\d+)?)cm\s+(?P<band>[A-Z])(?P<rest>(?:\s.*)?)$")
_DECORATION = re.compile(r"^\s*(?:-{5,}|={5,}|IAU NAME\b.*|BAND\s+A\s+B\s+C\s+D\b.*)?\s*$")
# What stands in the column of other names and is none: when the position was measured ("Aug01"), and
# the survey or program it comes from.
_ORIGIN = re.compile(r"^(?:[A-Z][a-z]{2}\d\d|USNO|JVAS|CJ2|VERA|GVAR|VSOP|AW574)$")
# Blocks of one name this near are one source, deg (the list's worst positions are good to arcseconds).
_SAME_DEG = 5.0 / 3600
# Columns are counted from the band's letter: rows with a plot are shifted as a whole.
_CODES_AT = (3, 5, 7, 9)
_FLUX_BEFORE, _UVMIN_BEFORE = 25, 38


@dataclass(frozen=True)
class BandFlux:
    """One row of a calibrator.

    Attributes
    ----------
    band, frequency_hz, wavelength_cm
        Letter, its frequency (`BAND_HZ`) and the wavelength as the list has it.
    flux_jy
        Approximate flux density, Jy; None where the list has "?", nothing or zero.
    quality
        Codes for the configurations A, B, C, D: P (best), S, W, C, X (do not use), "?" (unknown).
    uvmin_klambda, uvmax_klambda
        Limits of useful baselines, kilowavelengths; None where there is none.
    """

    band: str
    frequency_hz: float
    wavelength_cm: float
    flux_jy: float | None
    quality: str = "????"
    uvmin_klambda: float | None = None
    uvmax_klambda: float | None = None


@dataclass(frozen=True)
class ListedCalibrator:
    """One source: J2000 name, other names, position (ICRS to the list's accuracy, deg), bands."""

    name: str
    aliases: tuple[str, ...]
    ra_deg: float
    dec_deg: float
    position_code: str
    fluxes: tuple[BandFlux, ...]

    @property
    def position_error_arcsec(self) -> float | None:
        """Upper limit of the position error; None: worse than 0.15 arcsec."""
        return POSITION_ERROR_ARCSEC.get(self.position_code)


@dataclass(frozen=True)
class Problem:
    """A line or row that was not taken, and why; `line` counts from 1."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class CalibratorList:
    """What a list holds, and the lines that could not be read."""

    sources: tuple[ListedCalibrator, ...]
    problems: tuple[Problem, ...]


@dataclass
class _Block:
    """A source while its lines are read."""

    name: str
    ra_deg: float
    dec_deg: float
    code: str
    aliases: list[str]
    fluxes: dict[float, BandFlux] = field(default_factory=dict)

    def finished(self) -> ListedCalibrator:
        return ListedCalibrator(
            self.name,
            tuple(self.aliases),
            self.ra_deg,
            self.dec_deg,
            self.code,
            tuple(self.fluxes.values()),
        )


def parse_list(text: str) -> CalibratorList:
    """Read the text form of the list.

    A name that comes again is a problem that is told; its rows are kept: they join the first block of
    that name when both are at one place, else the second source is called ``<name>b``.
    """
    blocks: dict[str, _Block] = {}
    problems: list[Problem] = []
    current: _Block | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            if _DECORATION.match(line):
                continue
            if found := _BAND.match(line):
                _add_row(current, found)
            elif (found := _POSITION.match(line)) and found["equinox"] == "J2000":
                current = None
                current = _begin(found, blocks)
                if current.name != found["name"] or current.fluxes:
                    reason = f"{found['name']} comes again; its rows go to {current.name}"
                    problems.append(Problem(number, line.rstrip(), reason))
            elif found:
                _add_alias(current, found["name"])
            else:
                raise ValueError("neither a position, nor a band, nor a heading")
        except ValueError as error:
            problems.append(Problem(number, line.rstrip(), str(error)))
    return CalibratorList(tuple(block.finished() for block in blocks.values()), tuple(problems))


def _begin(found: re.Match[str], blocks: dict[str, _Block]) -> _Block:
    name = found["name"]
    ra, dec = _degrees(found)
    while (known := blocks.get(name)) is not None:
        if _near(known, ra, dec):
            return known
        name += "b"
    other = [word for word in found["rest"].split() if not _ORIGIN.match(word)]
    blocks[name] = _Block(name, ra, dec, found["code"], other)
    return blocks[name]


def _near(block: _Block, ra_deg: float, dec_deg: float) -> bool:
    east = abs((ra_deg - block.ra_deg + 180) % 360 - 180) * math.cos(math.radians(dec_deg))
    return math.hypot(east, dec_deg - block.dec_deg) <= _SAME_DEG


def _add_alias(block: _Block | None, name: str) -> None:
    if block is None:
        raise ValueError("a B1950 line without a source above it")
    if name not in block.aliases:
        block.aliases.append(name)


def _add_row(block: _Block | None, found: re.Match[str]) -> None:
    if block is None:
        raise ValueError("a band without a source above it")
    row = _read_row(found)
    if row.wavelength_cm in block.fluxes:
        raise ValueError(f"{row.wavelength_cm:g} cm comes twice for {block.name}")
    block.fluxes[row.wavelength_cm] = row


def _read_row(found: re.Match[str]) -> BandFlux:
    band = found["band"]
    if band not in BAND_HZ:
        raise ValueError(f"unknown band {band}")
    quality = ["?"] * 4
    values: dict[str, float | None] = {}
    for column, word in _words(found["rest"]):
        if column in _CODES_AT and re.fullmatch(r"[A-Za-z?]", word):
            quality[_CODES_AT.index(column)] = word.upper()
        elif word != "visplot":
            what = "flux" if column < _FLUX_BEFORE else "uvmin" if column < _UVMIN_BEFORE else "uvmax"
            if what in values:
                raise ValueError(f"two numbers in the column of {what}")
            values[what] = None if word == "?" else float(word)
    return BandFlux(
        band,
        BAND_HZ[band],
        float(found["cm"]),
        values.get("flux") or None,
        "".join(quality),
        values.get("uvmin"),
        values.get("uvmax"),
    )


def _words(rest: str) -> Iterator[tuple[int, str]]:
    """Yield the words behind the band's letter with their column counted from it."""
    for found in re.finditer(r"\S+", rest):
        yield found.start() + 1, found.group()


def _degrees(found: re.Match[str]) -> tuple[float, float]:
    hours, minutes, seconds = float(found["h"]), float(found["m"]), float(found["s"])
    degrees, arcmin, arcsec = float(found["d"]), float(found["arcmin"]), float(found["arcsec"])
    if hours >= 24 or max(minutes, seconds, arcmin, arcsec) >= 60 or degrees > 90:
        raise ValueError("a position outside the sky")
    # the sign belongs to the whole angle: -00d47' is south of the equator
    sign = -1.0 if found["sign"] == "-" else 1.0
    return 15.0 * (hours + minutes / 60 + seconds / 3600), sign * (degrees + arcmin / 60 + arcsec / 3600)
