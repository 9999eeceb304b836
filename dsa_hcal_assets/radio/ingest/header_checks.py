"""What a UVH5 header must fulfil before anything believes it: shapes that fit, values that can be."""

from typing import TYPE_CHECKING

import h5py
import numpy as np

from dsa_hcal_assets.radio.ingest.errors import BadHeader

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.ingest.uvh5 import Uvh5Header

# 1980 and 2100: a time stamp outside was never an observation
FIRST_JD, LAST_JD = 2444239.5, 2488069.5
# an antenna's number is its row in the Measurement Set: a damaged one would ask for gigabytes of rows
LARGEST_ANTENNA_NUMBER = 99_999


def require_sound(header: "Uvh5Header", data: h5py.Group) -> None:
    """Refuse a header whose shapes or values cannot be true; `data` is the file's ``Data`` group.

    Raises
    ------
    BadHeader
        Naming the file and the first thing that is wrong.
    """
    name, nblts, nants = header.path.name, len(header.times_jd), len(header.antenna_numbers)
    shapes = {
        "time_array": (header.times_jd.shape, (nblts,)),
        "ant_1_array": (header.ant1.shape, (nblts,)),
        "ant_2_array": (header.ant2.shape, (nblts,)),
        "integration_time": (header.integration_s.shape, (nblts,)),
        "uvw_array": (header.uvw_m.shape, (nblts, 3)),
        "phase_center_id_array": (header.field_ids.shape, (nblts,)),
        "antenna_names": ((len(header.antenna_names),), (nants,)),
        "antenna_positions": (header.antenna_positions_m.shape, (nants, 3)),
    }
    for dataset in ("visdata", "flags", "nsamples"):
        shape = data[dataset].shape
        if len(shape) == 4 and shape[1] == 1:
            shape = (shape[0], *shape[2:])
        shapes[f"Data/{dataset}"] = (shape, (nblts, len(header.frequencies_hz), len(header.polarizations)))
    for dataset, (found, expected) in shapes.items():
        if found != expected:
            raise BadHeader(f"{name}: {dataset} has a wrong shape", expected=str(expected), found=str(found))
    if nblts == 0 or not len(header.frequencies_hz) or not header.fields:
        raise BadHeader(f"{name} is empty", expected="rows, channels and a phase centre")
    _check_values(header)


def _check_values(header: "Uvh5Header") -> None:
    freqs, steps = header.frequencies_hz, np.diff(header.frequencies_hz)
    pointing = header.drift_app_dec_rad or 0.0
    known_fields = [field.identifier for field in header.fields]
    rules = {
        "time_array has values that are no time (NaN, infinite, or outside 1980-2100)": np.all(
            (header.times_jd > FIRST_JD) & (header.times_jd < LAST_JD)
        ),
        "integration_time is not positive everywhere": np.all(
            (header.integration_s > 0) & np.isfinite(header.integration_s)
        ),
        "freq_array is not positive and monotonic": np.all((freqs > 0) & np.isfinite(freqs))
        and (np.all(steps > 0) or np.all(steps < 0)),
        "channel_width is not positive": np.all(
            (header.channel_widths_hz > 0) & np.isfinite(header.channel_widths_hz)
        ),
        "antenna_positions are not finite": np.all(np.isfinite(header.antenna_positions_m)),
        "antenna_numbers repeat or are negative": len(set(header.antenna_numbers.tolist()))
        == len(header.antenna_numbers)
        and bool(np.all(header.antenna_numbers >= 0)),
        f"antenna_numbers go beyond {LARGEST_ANTENNA_NUMBER}": np.all(
            header.antenna_numbers <= LARGEST_ANTENNA_NUMBER
        ),
        "ant_1_array or ant_2_array name antennas the header does not list": np.all(
            np.isin(header.ant1, header.antenna_numbers) & np.isin(header.ant2, header.antenna_numbers)
        ),
        "phase_center_id_array names fields the catalogue does not list": np.all(
            np.isin(header.field_ids, known_fields)
        ),
        "the catalogue mixes kinds of phase centres": len({field.kind for field in header.fields}) == 1,
        "a phase centre is no direction": all(
            np.isfinite(field.lon) and abs(field.lat) <= np.pi / 2 for field in header.fields
        ),
        "the pointing (phase_center_dec, ha_phase_center) is no direction": abs(pointing) <= np.pi / 2
        and abs(header.drift_hour_angle_rad) <= 2 * np.pi,
        "uvw_array is not finite": header.phase_kind != "sidereal" or np.all(np.isfinite(header.uvw_m)),
        "the site is not on Earth": abs(header.latitude_rad) <= np.pi / 2
        and abs(header.longitude_rad) <= 2 * np.pi
        and abs(header.altitude_m) < 1e4,
    }
    for complaint, holds in rules.items():
        if not holds:
            raise BadHeader(f"{header.path.name}: {complaint}", remedy="check the correlator's header writer")
