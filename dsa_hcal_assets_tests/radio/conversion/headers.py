"""Headers in memory, for tests that need no file: a drift scan of a few antennas, or tracked fields."""

from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.radio.conversion.geometry import Site
from dsa_hcal_assets.radio.ingest.uvh5 import Field, Uvh5Header

# the array's reference point and a transit of 3C147
SITE = Site(0.6498455107238486, -2.064427799136453, 1188.05)
START_JD = 2460832.35910
INTEGRATION_S = 12.884901888
BAND_TOP_HZ, WIDTH_HZ = 1498.75e6, 244140.625
MERIDIAN = Field(0, "meridian", "drift", 0.0, 1.35, "altaz", 2000.0)
XX, YY, XY, YX = -5, -6, -7, -8
RR, LL, RL, LR = -1, -2, -3, -4


def sidereal(identifier: int = 0, name: str = "tracked", **changes: Any) -> Field:
    values = {"lon": 1.4948, "lat": 0.87, "frame": "icrs", "epoch": 2000.0, **changes}
    return Field(identifier, name, "sidereal", **values)


def header(
    *,
    antennas: int = 4,
    integrations: int = 3,
    channels: int = 4,
    subband: int = 0,
    descending: bool = True,
    polarizations: tuple[int, ...] = (XX, YY),
    positions_m: Any = None,
    **changes: Any,
) -> Uvh5Header:
    """One subband's header; `subband` 0 is the highest. `changes` replace fields of the header."""
    first, second = np.triu_indices(antennas)
    if positions_m is None:
        positions_m = np.random.default_rng(antennas).normal(0, 500, (antennas, 3))
    frequencies = BAND_TOP_HZ - WIDTH_HZ * (subband * channels + np.arange(channels) + 0.5)
    times = START_JD + np.arange(integrations) * INTEGRATION_S / 86400
    rows = integrations * len(first)
    values: dict[str, Any] = {
        "path": Path(f"sb{subband:02d}.hdf5"),
        "telescope_name": "DSA-110",
        "latitude_rad": SITE.latitude_rad,
        "longitude_rad": SITE.longitude_rad,
        "altitude_m": SITE.altitude_m,
        "antenna_numbers": np.arange(antennas),
        "antenna_names": tuple(str(number + 1) for number in range(antennas)),
        "antenna_positions_m": np.asarray(positions_m, np.float64),
        "antenna_diameters_m": None,
        "times_jd": np.repeat(times, len(first)),
        "ant1": np.tile(first, integrations),
        "ant2": np.tile(second, integrations),
        "integration_s": np.full(rows, INTEGRATION_S),
        "frequencies_hz": frequencies if descending else frequencies[::-1].copy(),
        "channel_widths_hz": np.full(channels, WIDTH_HZ),
        "polarizations": np.array(polarizations),
        "uvw_m": np.zeros((rows, 3)),
        "visibility_units": "uncalib",
        "fields": (MERIDIAN,),
        "field_ids": np.zeros(rows, np.int64),
        "drift_app_dec_rad": 0.8709,
        "drift_hour_angle_rad": 0.0,
        "observer": "",
        "digest": f"digest {subband}",
        "file_bytes": 1,
    }
    return Uvh5Header(**{**values, **changes})


def group(count: int = 3, **options: Any) -> list[Uvh5Header]:
    """The headers of `count` neighbouring subbands, in the order of their numbers."""
    return [header(subband=number, **options) for number in range(count)]
