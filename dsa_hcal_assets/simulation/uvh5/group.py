"""Write a simulated group: files, names and truth."""

import json
import warnings
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.profiles.stations import read_stations
from dsa_hcal_assets.simulation.uvh5.array import choose_antennas, relative_positions
from dsa_hcal_assets.simulation.uvh5.instrument import Gains, add_noise, draw_gains, noise_sigma_jy
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS, Source, airy_power, sky_around

# T-centre of the array (DSA-110 station table)
LATITUDE_RAD, LONGITUDE_RAD, ALTITUDE_M = 0.6498455107238486, -2.064427799136453, 1188.0519
INTEGRATION_S = 12.884901888
INTEGRATIONS = 24
SPEED_OF_LIGHT = 299792458.0
# the correlator's names wander by up to this much inside a group
NAME_JITTER_S = 98


@dataclass(frozen=True)
class GroupSetup:
    """What is simulated. The calibrator crosses the meridian in the middle of the group."""

    day: date = date(2025, 6, 5)
    calibrator: str = "3C147"
    antennas: int = 20
    channels: int = 8
    integrations: int = INTEGRATIONS
    seed: int = 1
    # calibration factors of the real correlator are of order 200
    correlator_scale: float = 1 / 200
    noise: bool = True


@dataclass(frozen=True)
class SimulatedGroup:
    """A group that was written."""

    key: str
    files: tuple[Path, ...]
    truth: Path


def simulate_group(
    out_dir: Path,
    profile: Profile,
    setup: GroupSetup | None = None,
    *,
    subbands: Collection[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SimulatedGroup:
    """Write the subbands of one simulated drift scan and its truth.

    Header times are the same in all files; the stamps in their names are not, as with the real
    correlator. Beside the files, ``<key>_truth.json`` and ``.npz`` hold sources, gains and noise.
    The same `setup` gives the same values, whichever subbands are asked for.

    Parameters
    ----------
    out_dir
        Directory for the files; each appears whole, by rename.
    profile
        Of DSA-110 (stations, band, dish, SEFD).
    setup
        What to simulate.
    subbands
        Numbers to write; default all. Leave some out for an incomplete group.
    progress
        Called with (files written, files in all).

    Raises
    ------
    ConfigurationError
        For an unknown calibrator, an impossible number of antennas, channels, integrations or
        subbands, or a profile without stations or band.
    """
    setup = setup or GroupSetup()
    if setup.calibrator not in CALIBRATORS:
        raise ConfigurationError(
            f"calibrator {setup.calibrator!r} is not known", expected=f"one of {', '.join(CALIBRATORS)}"
        )
    if min(setup.channels, setup.integrations) < 1:
        raise ConfigurationError(
            f"{setup.channels} channels and {setup.integrations} integrations cannot be simulated",
            expected="one or more of each",
        )
    count = profile.subbands.count
    wanted = sorted(range(count) if subbands is None else set(subbands))
    if not set(wanted) <= set(range(count)):
        raise ConfigurationError(f"subbands {wanted} cannot be simulated", expected=f"numbers below {count}")
    from astropy.utils import iers

    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        # a drift scan fails pyuvdata's checks by design, as the real files do
        warnings.simplefilter("ignore")
        simulation = _Simulation(profile, setup)
        names = _names(simulation.start, profile.subbands.count, setup.seed)
        files = []
        for number in wanted:
            path = out_dir / names[number]
            staged = path.with_name(f".{path.name}.part")
            simulation.subband(number).write_uvh5(str(staged), clobber=True, run_check=False)
            staged.rename(path)
            files.append(path)
            if progress is not None:
                progress(len(files), len(wanted))
    key = group_key(simulation.start)
    return SimulatedGroup(key, tuple(files), simulation.write_truth(out_dir / f"{key}_truth"))


class _Simulation:
    """Everything drawn and computed once for all subbands."""

    def __init__(self, profile: Profile, setup: GroupSetup) -> None:
        if profile.stations is None or profile.subbands.band_hz is None:
            raise ConfigurationError(f"profile {profile.name} has no stations or no band to simulate")
        self.profile, self.setup = profile, setup
        rng = np.random.default_rng(setup.seed)
        stations = read_stations(profile.stations)
        self.used = choose_antennas(stations, setup.antennas)
        low, high = profile.subbands.band_hz
        channels = profile.subbands.count * setup.channels
        self.width = (high - low) / channels
        # sb00 is the highest, and channels descend inside a subband too
        self.frequencies = np.asarray(high - self.width * (np.arange(channels) + 0.5), np.float64)
        self.calibrator = CALIBRATORS[setup.calibrator]
        self.sources = sky_around(self.calibrator)
        self.start, self.declination = self._pointing()
        self.template = self._template(stations, profile.stations.antenna_number_offset)
        self.gains: Gains = draw_gains(rng, len(self.used), 2, self.frequencies, setup.correlator_scale)
        self.sigma = noise_sigma_jy(profile.sefd_jy, self.width, INTEGRATION_S)
        self.sky = self._paths()

    def _location(self) -> Any:
        from astropy import units
        from astropy.coordinates import EarthLocation

        return EarthLocation.from_geodetic(
            lon=LONGITUDE_RAD * units.rad, lat=LATITUDE_RAD * units.rad, height=ALTITUDE_M * units.m
        )

    def _pointing(self) -> tuple[datetime, float]:
        """First time stamp (a whole second) and the apparent declination, rounded to 0.1 deg."""
        from astropy.time import Time

        noon = Time(datetime(self.setup.day.year, self.setup.day.month, self.setup.day.day, 12, tzinfo=UTC))
        jd = noon.jd
        # the sidereal day is 0.99726957 days: two steps reach the transit to well below a second
        for _ in range(3):
            ra, dec, lst = self._apparent(self.calibrator, np.array([jd]))
            away = (ra - lst + np.pi) % (2 * np.pi) - np.pi
            jd += float(away[0]) / (2 * np.pi) * 0.99726957
        half = INTEGRATION_S * (self.setup.integrations - 1) / 2
        first = Time(jd, format="jd", scale="utc").to_datetime(timezone=UTC) - timedelta(seconds=half)
        first = (first + timedelta(microseconds=500_000)).replace(microsecond=0)
        return first, float(np.radians(np.round(np.degrees(dec[0]), 1)))

    def _apparent(self, source: Source, times_jd: NDArray[np.float64]) -> tuple[Any, Any, Any]:
        from pyuvdata.utils import phasing
        from pyuvdata.utils.times import get_lst_for_time

        location = self._location()
        lst = get_lst_for_time(jd_array=times_jd, telescope_loc=location)
        ra, dec = phasing.calc_app_coords(
            lon_coord=np.radians(source.ra_deg),
            lat_coord=np.radians(source.dec_deg),
            coord_frame="icrs",
            coord_epoch=2000.0,
            coord_type="sidereal",
            time_array=times_jd,
            lst_array=lst,
            telescope_loc=location,
        )
        return np.asarray(ra), np.asarray(dec), np.asarray(lst)

    def _template(self, stations: Any, number_offset: int) -> Any:
        """A pyuvdata object of the whole group without visibilities."""
        from astropy.time import Time
        from pyuvdata import Telescope, UVData

        location = self._location()
        # the real headers list all slots, equipped or not
        listed = sorted(stations)
        centre = np.array([axis.to_value("m") for axis in location.geocentric])
        telescope = Telescope.new(
            name="DSA-110",
            location=location,
            antenna_positions=relative_positions(stations, listed, centre),
            antenna_numbers=np.array(listed) + number_offset,
            antenna_names=[str(number) for number in listed],
            instrument="DSA-110",
            antenna_diameters=np.full(len(listed), self.profile.dish_diameter_m),
            mount_type="alt-az",
        )
        numbers = np.array(self.used) + number_offset
        self.first, self.second = np.triu_indices(len(self.used))
        self.times_jd = Time(self.start).jd + np.arange(self.setup.integrations) * INTEGRATION_S / 86400
        north = self.declination > LATITUDE_RAD
        meridian = {
            "cat_name": "meridian",
            "cat_type": "driftscan",
            "cat_lon": 0.0 if north else np.pi,
            "cat_lat": np.pi / 2 - abs(self.declination - LATITUDE_RAD),
            "cat_frame": "altaz",
            "cat_epoch": 2000.0,
            "info_source": "simulation",
        }
        return UVData.new(
            freq_array=self.frequencies[: self.setup.channels],
            polarization_array=["xx", "yy"],
            times=self.times_jd,
            telescope=telescope,
            antpairs=np.stack([numbers[self.first], numbers[self.second]], axis=1),
            do_blt_outer=True,
            integration_time=INTEGRATION_S,
            channel_width=self.width,
            phase_center_catalog={0: meridian},
            time_axis_faster_than_bls=False,
            vis_units="uncalib",
            history="simulated DSA-110 drift scan",
            extra_keywords={
                "phase_center_dec": self.declination,
                "ha_phase_center": 0.0,
                "phase_center_epoch": "HADEC",
                "fs_table": "simulation",
            },
        )

    def _paths(self) -> list[tuple[Source, NDArray[np.float64], NDArray[np.float64]]]:
        """Per source: extra path of each baseline in m (times, baselines), and distance from the pointing."""
        shape = (self.setup.integrations, len(self.first), 3)
        self.template.set_uvws_from_antenna_positions(update_vis=False)
        uvw = np.array(self.template.uvw_array, np.float64).reshape(shape)
        # what the correlator writes
        self.template.uvw_array = self.template.uvw_array.astype(np.float32)
        sin0, cos0 = np.sin(self.declination), np.cos(self.declination)
        paths = []
        for source in self.sources:
            ra, dec, lst = self._apparent(source, self.times_jd)
            angle = ra - lst
            lmn = np.stack(
                [
                    np.cos(dec) * np.sin(angle),
                    np.sin(dec) * cos0 - np.cos(dec) * sin0 * np.cos(angle),
                    np.sin(dec) * sin0 + np.cos(dec) * cos0 * np.cos(angle),
                ],
                axis=-1,
            )
            path = np.einsum("tbk,tk->tb", uvw, lmn - np.array([0.0, 0.0, 1.0]))
            paths.append((source, path, np.arccos(np.clip(lmn[:, 2], -1, 1))))
        return paths

    def subband(self, number: int) -> Any:
        """Return subband `number` as a pyuvdata object with visibilities."""
        channels = slice(number * self.setup.channels, (number + 1) * self.setup.channels)
        frequencies = self.frequencies[channels]
        autos = self.first == self.second
        rng = np.random.default_rng([self.setup.seed, number])
        cube = np.zeros((self.setup.integrations, len(self.first), len(frequencies), 2), np.complex64)
        for t in range(self.setup.integrations):
            sky = np.zeros((len(self.first), len(frequencies)), np.complex128)
            for source, path, distance in self.sky:
                beam = airy_power(distance[t : t + 1], frequencies, self.profile.dish_diameter_m)[0]
                phase = path[t][:, None] * frequencies / SPEED_OF_LIGHT
                sky += source.flux_jy(frequencies) * beam * np.exp(2j * np.pi * phase)
            # an autocorrelation sees the receiver, not the sky
            sky[autos] = self.profile.sefd_jy
            gains = self.gains.at(self._phase(t))[:, :, channels].transpose(0, 2, 1)
            seen = sky[:, :, None].astype(np.complex64).repeat(2, axis=2)
            if self.setup.noise:
                add_noise(rng, seen, self.sigma, autos)
            cube[t] = gains[self.first] * np.conj(gains[self.second]) * seen
            cube[t, autos] = cube[t, autos].real
        subband = self.template.copy()
        subband.freq_array = frequencies.copy()
        subband.data_array = cube.reshape(-1, *cube.shape[2:])
        subband.flag_array = np.zeros(subband.data_array.shape, np.bool_)
        subband.nsample_array = np.ones(subband.data_array.shape, np.float32)
        return subband

    def _phase(self, t: int) -> float:
        half = (self.setup.integrations - 1) / 2
        return (t - half) / half if half else 0.0

    def write_truth(self, stem: Path) -> Path:
        """Write the truth as JSON, with arrays in an npz beside it."""
        np.savez(
            stem.with_name(f"{stem.name}.npz"),
            gains=self.gains.mean,
            drift_rad=self.gains.drift_rad,
            frequencies_hz=self.frequencies,
            stations=np.array(self.used),
            times_jd=self.times_jd,
        )
        record = {
            "setup": {**asdict(self.setup), "day": self.setup.day.isoformat()},
            "declination_deg": float(np.degrees(self.declination)),
            "noise_sigma_jy": self.sigma if self.setup.noise else 0.0,
            "gain_convention": "V = g1 conj(g2) V_sky in UVH5; CASA tables hold conj(g)",
            "sources": [source.as_json() for source in self.sources],
        }
        path = stem.with_name(f"{stem.name}.json")
        path.write_text(json.dumps(record, indent=1))
        return path


def _names(start: datetime, count: int, seed: int) -> list[str]:
    jitter = np.random.default_rng([seed, count]).integers(0, NAME_JITTER_S + 1, count)
    # one file of every group carries the header's own stamp
    jitter[0] = 0
    return [f"{group_key(start + timedelta(seconds=int(s)))}_sb{n:02d}.hdf5" for n, s in enumerate(jitter)]
