"""The truth beside a group: what was put into the data, as JSON and arrays."""

import json
from pathlib import Path

import numpy as np

from dsa_hcal_assets.simulation.uvh5.interference import occupied
from dsa_hcal_assets.simulation.uvh5.observation import Observation


def write_truth(observation: Observation, key: str, out_dir: Path) -> Path:
    """Write ``<key>_truth.json`` and ``.npz``; return the path of the first.

    The arrays, with antennas in the order of `stations`:

    - `gains` (antennas, polarisations, channels of the band) at the middle of the group;
    - `drift` (times, antennas, polarisations): gains of an integration over these;
    - `interference` (times, channels), true where there is any, on all baselines;
    - `frequencies_hz`, `times_jd`, `stations`.
    """
    setup, instrument = observation.setup, observation.instrument
    middle = instrument.gains.drift(np.array([observation.seconds.mean()]))[0]
    drift = instrument.gains.drift(observation.seconds) / middle
    arrays = {
        "gains": (instrument.gains.mean * middle[:, :, None]).astype(np.complex64),
        "drift": drift.astype(np.complex64),
        "interference": occupied(observation.emitters, setup.integrations, len(instrument.frequencies_hz)),
        "frequencies_hz": instrument.frequencies_hz,
        "times_jd": observation.times_jd,
        "stations": np.array(instrument.array.used),
    }
    record = {
        "group": key,
        "number": observation.group,
        "setup": setup.as_json(),
        "declination_deg": float(np.degrees(observation.declination_rad)),
        "noise_sigma_jy": instrument.sigma_jy,
        "autocorrelation_sigma_jy": instrument.sigma_jy * float(np.sqrt(2)),
        "receiver_jy": instrument.sefd_jy,
        "gain_convention": "V = g1 conj(g2) V_sky in UVH5; CASA tables hold conj(g)",
        "dead_antennas": list(instrument.array.dead),
        "flags": "none set in the files; interference and dead antennas are for the flagger to find",
        "sources": [source.as_json() for source in observation.sources],
        "interference": [emitter.as_json() for emitter in observation.emitters],
    }
    path, table = (out_dir / f"{key}_truth{suffix}" for suffix in (".json", ".npz"))
    with _staged(table).open("wb") as file:
        np.savez_compressed(file, **arrays)
    _staged(path).write_text(json.dumps(record, indent=1))
    for each in (table, path):
        _staged(each).rename(each)
    return path


def _staged(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
