"""Small UVH5 groups for tests, written with pyuvdata and nothing of the platform's converter."""

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from astropy.utils import iers

iers.conf.auto_download = False

START = datetime(2025, 6, 5, 20, 37, 7, tzinfo=UTC)
LINEAR = ("xx", "yy")
BAND = (1311.25e6, 1498.75e6)


def observation(
    *,
    antennas: int = 4,
    integrations: int = 3,
    channels: int = 4,
    subband: int = 0,
    subbands: int = 16,
    polarizations: tuple[str, ...] = LINEAR,
    declination_deg: float = 49.9,
    kind: str = "driftscan",
    start: datetime = START,
    seed: int = 0,
    descending: bool = True,
    telescope: str = "DSA-110",
) -> Any:
    """A pyuvdata object of one subband with random visibilities, flags and sample counts."""
    from astropy import units
    from astropy.coordinates import EarthLocation
    from astropy.time import Time
    from pyuvdata import Telescope, UVData

    latitude = 0.6498455107238486
    location = EarthLocation.from_geodetic(
        lon=-2.064427799136453 * units.rad, lat=latitude * units.rad, height=1188.05 * units.m
    )
    rng = np.random.default_rng(seed)
    names = [str(number) for number in range(1, antennas + 1)]
    array = Telescope.new(
        name=telescope,
        location=location,
        antenna_positions=rng.normal(0, 500, (antennas, 3)),
        antenna_numbers=np.arange(antennas),
        antenna_names=names,
        instrument="DSA-110",
        antenna_diameters=np.full(antennas, 4.65),
        mount_type="alt-az",
    )
    width = (BAND[1] - BAND[0]) / (subbands * channels)
    frequencies = BAND[1] - width * (np.arange(subbands * channels) + 0.5)
    frequencies = frequencies[subband * channels : (subband + 1) * channels]
    first, second = np.triu_indices(antennas)
    declination = np.radians(declination_deg)
    catalogues = {
        "driftscan": {
            "cat_name": "meridian",
            "cat_type": "driftscan",
            "cat_lon": 0.0 if declination > latitude else np.pi,
            "cat_lat": np.pi / 2 - abs(declination - latitude),
            "cat_frame": "altaz",
            "cat_epoch": 2000.0,
        },
        "unprojected": {"cat_name": "zenith", "cat_type": "unprojected"},
        "sidereal": {
            "cat_name": "tracked",
            "cat_type": "sidereal",
            "cat_lon": 1.49,
            "cat_lat": 0.87,
            "cat_frame": "icrs",
            "cat_epoch": 2000.0,
        },
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = UVData.new(
            freq_array=frequencies if descending else frequencies[::-1].copy(),
            polarization_array=list(polarizations),
            times=Time(start).jd + np.arange(integrations) * 12.884901888 / 86400,
            telescope=array,
            antpairs=np.stack([first, second], axis=1),
            do_blt_outer=True,
            integration_time=12.884901888,
            channel_width=width,
            phase_center_catalog={0: catalogues[kind]},
            time_axis_faster_than_bls=False,
            vis_units="uncalib",
            extra_keywords={"phase_center_dec": declination, "ha_phase_center": 0.0},
        )
        made.set_uvws_from_antenna_positions(update_vis=False)
    shape = (made.Nblts, made.Nfreqs, made.Npols)
    noise = rng.normal(size=(*shape, 2)).astype(np.float32)
    made.data_array = np.ascontiguousarray(noise).view(np.complex64)[..., 0]
    made.flag_array = rng.random(shape) < 0.1
    made.nsample_array = rng.integers(0, 4, shape).astype(np.float32)
    return made


def write(made: Any, path: Path) -> Path:
    """Write a pyuvdata object as UVH5."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.write_uvh5(str(path), clobber=True, run_check=False)
    return path


def name(subband: int, stamp: str = "2025-06-05T20:37:07") -> str:
    """File name as the correlator gives it."""
    return f"{stamp}_sb{subband:02d}.hdf5"


def write_group(
    directory: Path, numbers: Any = range(16), *, subbands: int = 16, seed: int = 1, **options: Any
) -> list[Path]:
    """Write the subbands `numbers` of one group; each has other visibilities."""
    made = observation(subbands=subbands, seed=seed, **options)
    rng = np.random.default_rng(seed)
    width, channels = made.channel_width[0], made.Nfreqs
    paths = []
    for number in numbers:
        edge = BAND[1] - width * number * channels
        frequencies = edge - width * (np.arange(channels) + 0.5)
        made.freq_array = frequencies if options.get("descending", True) else frequencies[::-1].copy()
        made.data_array = rng.permuted(made.data_array, axis=1)
        paths.append(write(made, directory / name(number)))
    return paths
