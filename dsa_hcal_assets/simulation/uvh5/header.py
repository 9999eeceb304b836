"""The header of a group's files, as a pyuvdata object that visibilities are put into."""

from typing import Any

import numpy as np

from dsa_hcal_assets.simulation.uvh5.geometry import LATITUDE_RAD, relative_positions, site
from dsa_hcal_assets.simulation.uvh5.instrument import POLARIZATIONS
from dsa_hcal_assets.simulation.uvh5.observation import Observation
from dsa_hcal_assets.simulation.uvh5.setup import INTEGRATION_S


def template(observation: Observation) -> Any:
    """Return a UVData of the group's first subband without visibilities, (u, v, w) as float32."""
    from pyuvdata import UVData

    setup, array = observation.setup, observation.instrument.array
    numbers = array.header_numbers
    made = UVData.new(
        freq_array=observation.instrument.frequencies_hz[: setup.channels],
        polarization_array=list(POLARIZATIONS),
        times=observation.times_jd,
        telescope=_telescope(observation),
        antpairs=np.stack([numbers[array.first], numbers[array.second]], axis=1),
        do_blt_outer=True,
        integration_time=INTEGRATION_S,
        channel_width=observation.instrument.channel_width_hz,
        phase_center_catalog={0: _phase_centre(observation)},
        time_axis_faster_than_bls=False,
        vis_units="uncalib",
        extra_keywords={
            "phase_center_dec": observation.declination_rad,
            "ha_phase_center": 0.0,
            "phase_center_epoch": "HADEC",
            "fs_table": "simulation",
        },
    )
    # without pyuvdata's time of making: the same setup gives the same bytes
    made.history = f"simulated DSA-110 drift scan.{made.pyuvdata_version_str}"
    made.set_uvws_from_antenna_positions(update_vis=False)
    # what the correlator writes
    made.uvw_array = made.uvw_array.astype(np.float32)
    return made


def _telescope(observation: Observation) -> Any:
    from pyuvdata import Telescope

    array = observation.instrument.array
    # the real headers list all slots, equipped or not
    listed = tuple(sorted(array.stations))
    return Telescope.new(
        name="DSA-110",
        location=site(),
        antenna_positions=relative_positions(array, listed),
        antenna_numbers=np.array(listed) + array.number_offset,
        antenna_names=[str(number) for number in listed],
        instrument="DSA-110",
        antenna_diameters=np.full(len(listed), observation.instrument.dish_diameter_m),
        mount_type="alt-az",
    )


def _phase_centre(observation: Observation) -> dict[str, Any]:
    if observation.setup.phase == "zenith":
        return {"cat_name": "zenith", "cat_type": "unprojected", "info_source": "simulation"}
    north = observation.declination_rad > LATITUDE_RAD
    return {
        "cat_name": "meridian",
        "cat_type": "driftscan",
        "cat_lon": 0.0 if north else np.pi,
        "cat_lat": np.pi / 2 - abs(observation.declination_rad - LATITUDE_RAD),
        "cat_frame": "altaz",
        "cat_epoch": 2000.0,
        "info_source": "simulation",
    }
