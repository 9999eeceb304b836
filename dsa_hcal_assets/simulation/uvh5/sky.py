"""Point sources, their spectra, and the beam they are seen through."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.draws import Purpose, stream

Floats = NDArray[np.float64]
SPEED_OF_LIGHT = 299792458.0


@dataclass(frozen=True)
class Source:
    """A point source: ICRS position in deg, log10 S/Jy as polynomial in log10 (f / GHz)."""

    name: str
    ra_deg: float
    dec_deg: float
    spectrum: tuple[float, ...]

    def flux_jy(self, frequencies_hz: Floats) -> Floats:
        """Return the flux density at each frequency, Jy."""
        x = np.log10(np.asarray(frequencies_hz) / 1e9)
        return np.asarray(10.0 ** np.polynomial.polynomial.polyval(x, self.spectrum))

    def as_json(self) -> dict[str, Any]:
        """Return the source as a truth record, with its flux at 1.4 GHz."""
        return {**asdict(self), "flux_1400_jy": float(self.flux_jy(np.array([1.4e9]))[0])}


def power_law(name: str, ra_deg: float, dec_deg: float, flux_1400_jy: float, index: float) -> Source:
    """Return a source with S = flux (f / 1.4 GHz)^index."""
    return Source(name, ra_deg, dec_deg, (float(np.log10(flux_1400_jy) - index * np.log10(1.4)), index))


# Positions: VLA calibrator list (NRAO). Spectra: Perley & Butler 2017, ApJS 230, 7, table 6,
# log S = sum a_i (log f_GHz)^i.
CALIBRATORS = {
    "3C48": Source("3C48", 24.422080962, 33.159759164, (1.3253, -0.7553, -0.1914, 0.0498)),
    "3C147": Source("3C147", 85.650574650, 49.852009322, (1.4516, -0.6961, -0.2007, 0.0640, -0.0464, 0.0289)),
    "3C286": Source("3C286", 202.784534583, 30.509155000, (1.2481, -0.4507, -0.1798, 0.0357)),
}
# east and north offset from the pointing in deg, flux at 1.4 GHz in Jy, spectral index
NEIGHBOURS = (
    (0.35, 0.20, 1.00, -0.7),
    (-0.50, 0.30, 0.70, -0.7),
    (0.20, -0.60, 0.50, 0.0),
    (-0.15, -0.25, 0.40, -0.8),
    (0.80, 0.70, 0.80, -0.5),
)


# the strip of sky that drifts past in the whole sidereal day, cut into cells of a group's width
STRIP_CELLS = 279
STRIP_HALF_WIDTH_DEG = 1.5
# beyond the first null of the beam at the lowest frequency (3.4 deg)
FIELD_RADIUS_RAD = float(np.radians(4.0))
FAINTEST_JY, BRIGHTEST_JY = 0.1, 5.0


def sky_around(calibrator: Source) -> tuple[Source, ...]:
    """Return the calibrator and weaker sources at fixed offsets from it."""
    weaker = [
        power_law(
            f"S{number}",
            calibrator.ra_deg + east / np.cos(np.radians(calibrator.dec_deg)),
            calibrator.dec_deg + north,
            flux,
            index,
        )
        for number, (east, north, flux, index) in enumerate(NEIGHBOURS, start=1)
    ]
    return (calibrator, *weaker)


def airy_power(distance_rad: Floats, frequencies_hz: Floats, diameter_m: float) -> Floats:
    """Return the power beam of a uniformly lit dish, (2 J1(x) / x)^2, x = pi D sin(theta) f / c.

    Shape: that of `distance_rad` with a frequency axis appended.
    """
    from scipy.special import j1

    x = np.pi * diameter_m * np.sin(distance_rad)[..., None] * frequencies_hz / SPEED_OF_LIGHT
    safe = np.where(np.abs(x) < 1e-8, 1.0, x)
    return np.where(np.abs(x) < 1e-8, 1.0, (2 * j1(safe) / safe) ** 2)


def strip_cell(seed: int, calibrator: Source, cell: int, count: int) -> tuple[Source, ...]:
    """Return `count` sources drawn for one cell of the strip at the calibrator's declination.

    Cell 0 is centred on the calibrator, cell 1 on what follows it by 1/279 of the circle. Counts follow
    N(>S) ~ 1/S from 0.1 to 5 Jy, spectral indices -0.7 +- 0.2. Positions are ICRS and the same in
    all groups.
    """
    cell %= STRIP_CELLS
    rng = stream(seed, Purpose.SKY, cell)
    width = 360.0 / STRIP_CELLS
    ra = (calibrator.ra_deg + (cell + rng.uniform(-0.5, 0.5, count)) * width) % 360.0
    dec = calibrator.dec_deg + rng.uniform(-STRIP_HALF_WIDTH_DEG, STRIP_HALF_WIDTH_DEG, count)
    flux = 1 / rng.uniform(1 / BRIGHTEST_JY, 1 / FAINTEST_JY, count)
    index = rng.normal(-0.7, 0.2, count)
    rows = zip(ra.tolist(), dec.tolist(), flux.tolist(), index.tolist(), strict=True)
    return tuple(power_law(f"F{cell:03d}.{number}", *row) for number, row in enumerate(rows, start=1))
