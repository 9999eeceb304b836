"""Calibrator sources: where they are and how bright; the standard ones ship with the product.

Operators add their own: a table of the form of ``standards.csv``, or the VLA calibrator list.
"""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.catalogues.vla_list import ListedCalibrator
from dsa_hcal_assets.radio.catalogues.vla_tables import is_calibrator_list, read_calibrator_list

# A flux density is not carried further than this in frequency: from 43 GHz to 1.4 GHz is a guess.
FARTHEST_RATIO = 2.0
# Catalogues of different accuracy mean one source within this
SAME_SOURCE_DEG = 10.0 / 3600


@dataclass(frozen=True)
class Calibrator:
    """A compact source of known position and spectrum.

    Attributes
    ----------
    name, aliases
        Name, and others by which catalogues and field names call it.
    ra_deg, dec_deg
        ICRS position, deg.
    coefficients
        Spectrum: log10(S / Jy) = sum of coefficients[i] * log10(frequency / GHz) ** i.
    standard
        setjy's flux density standard that holds a model of it; None for all others.
    """

    name: str
    aliases: tuple[str, ...]
    ra_deg: float
    dec_deg: float
    coefficients: tuple[float, ...]
    standard: str | None = None

    def flux_jy(self, frequency_hz: float) -> float:
        """Return the flux density (Jy) at a frequency (Hz)."""
        x = math.log10(frequency_hz / 1e9)
        return float(10.0 ** sum(a * x**power for power, a in enumerate(self.coefficients)))

    def separation_deg(self, ra_deg: float, dec_deg: float) -> float:
        """Return the angular distance (deg) to an ICRS position (deg)."""
        return separation_deg(self.ra_deg, self.dec_deg, ra_deg, dec_deg)

    @classmethod
    def of_power_law(
        cls, name: str, ra_deg: float, dec_deg: float, flux_jy: float, index: float, at_hz: float = 1.4e9
    ) -> "Calibrator":
        """Return a source with S = `flux_jy` * (nu / `at_hz`) ** `index`."""
        constant = math.log10(flux_jy) - index * math.log10(at_hz / 1e9)
        return cls(name, (), ra_deg, dec_deg, (constant, index))

    @classmethod
    def of_listed(cls, source: ListedCalibrator, near_hz: float = 1.4e9) -> "Calibrator | None":
        """Return a source of the VLA list with a power law through its bands around `near_hz`.

        Through the nearest band and the next one; a flat spectrum when there is one band only.
        None when no flux density was measured within a factor `FARTHEST_RATIO` of `near_hz`.
        """
        spectrum = _power_law(
            {one.frequency_hz: one.flux_jy for one in source.fluxes if one.flux_jy}, near_hz
        )
        if spectrum is None:
            return None
        return cls(source.name, source.aliases, source.ra_deg, source.dec_deg, spectrum)


def _power_law(measured: Mapping[float, float], near_hz: float) -> tuple[float, ...] | None:
    """Return log-log coefficients (GHz, Jy) of a power law through flux densities (Jy) by frequency."""
    nearest = sorted(measured, key=lambda hz: abs(math.log(hz / near_hz)))[:2]
    if not nearest or abs(math.log(nearest[0] / near_hz)) > math.log(FARTHEST_RATIO):
        return None
    x, y = zip(*((math.log10(hz / 1e9), math.log10(measured[hz])) for hz in nearest), strict=True)
    index = (y[1] - y[0]) / (x[1] - x[0]) if len(nearest) == 2 else 0.0
    return (y[0] - index * x[0], index)


def separation_deg(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """Return the angle (deg) between two positions (deg), exact at all distances."""
    a1, d1, a2, d2 = (math.radians(value) for value in (ra1, dec1, ra2, dec2))
    y = math.hypot(
        math.cos(d2) * math.sin(a2 - a1),
        math.cos(d1) * math.sin(d2) - math.sin(d1) * math.cos(d2) * math.cos(a2 - a1),
    )
    x = math.sin(d1) * math.sin(d2) + math.cos(d1) * math.cos(d2) * math.cos(a2 - a1)
    return math.degrees(math.atan2(y, x))


@cache
def load_standards() -> tuple[Calibrator, ...]:
    """Return the standard calibrators that ship with the product (Perley and Butler 2017)."""
    text = (files("dsa_hcal_assets.radio.calibration") / "standards.csv").read_text(encoding="utf-8")
    return _parse(text, "standards.csv", "Perley-Butler 2017")


def load_calibrators(path: Path | None = None) -> tuple[Calibrator, ...]:
    """Return the standard calibrators, joined by those of an operator's file.

    A table of the form of ``standards.csv`` comes first and replaces standards of the same name. Of the
    VLA calibrator list (text, CSV or SQLite) sources are taken that are no standard and have a flux
    density near 1.4 GHz; its flux densities are approximate (some 10 %) and never replace a standard's.

    Raises
    ------
    ConfigurationError
        If the table cannot be read; names the file and the line.
    BadInput
        If the list cannot be read, or holds no source.
    """
    if path is None:
        return load_standards()
    if path.exists() and is_calibrator_list(path):
        return with_standards(read_calibrator_list(path).sources)
    own = read_sources(path)
    names = {source.name for source in own}
    return own + tuple(source for source in load_standards() if source.name not in names)


def with_standards(listed: Iterable[ListedCalibrator]) -> tuple[Calibrator, ...]:
    """Return the standard calibrators and the listed sources that are others and have a flux density."""
    standards = load_standards()
    found = (Calibrator.of_listed(source) for source in listed)
    return standards + tuple(
        one for one in found if one is not None and not any(same_source(one, known) for known in standards)
    )


def same_source(one: Calibrator, other: Calibrator) -> bool:
    """Tell whether two entries mean one source: by position, or by a name the second is known under."""
    near = one.separation_deg(other.ra_deg, other.dec_deg) <= SAME_SOURCE_DEG
    return near or one.name in (other.name, *other.aliases)


def read_sources(path: Path) -> tuple[Calibrator, ...]:
    """Return the sources of a table of the form of ``standards.csv``.

    Raises
    ------
    ConfigurationError
        If it cannot be read; names the file and the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"source table {path} cannot be read", found=str(error)) from error
    return _parse(text, str(path), None)


def write_sources(path: Path, sources: Iterable[Calibrator]) -> Path:
    """Write sources as a table of the form of ``standards.csv``; `read_sources` gives them back.

    Blanks inside names become underscores: they separate aliases. What is a standard is not kept.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            (
                one.name.replace(" ", "_"),
                " ".join(alias.replace(" ", "_") for alias in one.aliases),
                repr(one.ra_deg),
                repr(one.dec_deg),
                " ".join(repr(value) for value in one.coefficients),
            )
            for one in sources
        )
    return path


def _parse(text: str, name: str, standard: str | None) -> tuple[Calibrator, ...]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            source, aliases, ra, dec, coefficients = next(csv.reader([line]))
            found.append(
                Calibrator(
                    source.strip(),
                    tuple(aliases.split()),
                    float(ra),
                    float(dec),
                    tuple(float(value) for value in coefficients.split()),
                    standard,
                )
            )
        except ValueError as error:
            raise ConfigurationError(
                f"source table {name}, line {number} is not valid",
                expected="name, aliases, ra deg, dec deg, spectral coefficients",
                found=line[:120],
            ) from error
    return tuple(found)
