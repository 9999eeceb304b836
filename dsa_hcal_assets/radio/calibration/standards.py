"""Calibrator sources: where they are and how bright; the standard ones ship with the product."""

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError


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
    """Return the standard calibrators, followed by those of an operator's own table of the same form.

    Raises
    ------
    ConfigurationError
        If the table cannot be read; names the file and the line.
    """
    if path is None:
        return load_standards()
    own = read_sources(path)
    names = {source.name for source in own}
    return own + tuple(source for source in load_standards() if source.name not in names)


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
