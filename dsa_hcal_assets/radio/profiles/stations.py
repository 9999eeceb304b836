"""Station coordinates that ship with a profile."""

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.model import StationFile

# WGS84: semi-major axis in m and flattening (NIMA TR8350.2)
WGS84_A = 6378137.0
WGS84_F = 1 / 298.257223563


@dataclass(frozen=True)
class Station:
    """One station: geodetic WGS84 position."""

    number: int
    latitude_deg: float
    longitude_deg: float
    elevation_m: float

    @property
    def itrf_m(self) -> NDArray[np.float64]:
        """Geocentric position, shape (3,), m."""
        lat, lon = np.radians(self.latitude_deg), np.radians(self.longitude_deg)
        e2 = WGS84_F * (2 - WGS84_F)
        normal = WGS84_A / np.sqrt(1 - e2 * np.sin(lat) ** 2)
        return np.array(
            [
                (normal + self.elevation_m) * np.cos(lat) * np.cos(lon),
                (normal + self.elevation_m) * np.cos(lat) * np.sin(lon),
                (normal * (1 - e2) + self.elevation_m) * np.sin(lat),
            ]
        )


def read_stations(stations: StationFile) -> dict[int, Station]:
    """Return the stations of a profile by station number.

    Raises
    ------
    ConfigurationError
        If the table is not there, or a row of it cannot be read.
    """
    source = files("dsa_hcal_assets.radio.profiles") / stations.file
    if not source.is_file():
        raise ConfigurationError(f"station file {stations.file} is not beside the profiles")
    found: dict[int, Station] = {}
    for row in csv.reader(source.read_text(encoding="utf-8").splitlines()):
        number = row[1].removeprefix(stations.name_prefix) if len(row) >= 5 else ""
        if not (number.isdigit() and row[1].startswith(stations.name_prefix)):
            continue
        try:
            elevation = float(row[4]) if row[4].strip() else stations.default_elevation_m
            found[int(number)] = Station(int(number), float(row[2]), float(row[3]), elevation)
        except ValueError as error:
            raise ConfigurationError(f"station file {stations.file}: row {row[1]} cannot be read") from error
    if not found:
        raise ConfigurationError(f"station file {stations.file} holds no station {stations.name_prefix}NNN")
    return found
