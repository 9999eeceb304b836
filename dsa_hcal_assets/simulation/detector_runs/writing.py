"""Write simulated runs as run files, HDF5 or ROOT; a file appears whole under its name.

The form of the files is that of hcal/analysis_runs/run_contents.py.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.mapping.geometry import towers
from dsa_hcal_assets.simulation.detector_runs.runs import EVENTS_A_BLOCK, SimulatedRun

SUFFIXES = {"hdf5": ".h5", "root": ".root"}


def write_run(directory: Path, run: SimulatedRun, form: str = "hdf5") -> Path:
    """Write a run into `directory` as ``run_<number>_<kind>.<part>.h5`` (or ``.root``); return the path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"run_{run.run_number:08d}_{run.kind}.{run.part}{SUFFIXES[form]}"
    unfinished = path.with_name(f".{path.name}")
    write = _write_hdf5 if form == "hdf5" else _write_root
    try:
        write(unfinished, run)
        return unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _identities(run: SimulatedRun) -> dict[str, NDArray[Any]]:
    known = towers()
    return {
        "detector": known.detector[run.tower_id].astype(np.uint8),
        "towerid": known.towerid[run.tower_id].astype(np.uint16),
    }


def _write_hdf5(path: Path, run: SimulatedRun) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs.update(run.header())
        for name, values in _identities(run).items():
            file[name] = values
        light = run.light()
        for name, values in (light or {}).items():
            file[f"light/{name}"] = values
        events = None
        first = 0
        for block in run.blocks():
            if events is None:
                events = file.create_dataset(
                    run.contents,
                    shape=(run.events, *block.shape[1:]),
                    dtype=block.dtype,
                    chunks=(min(EVENTS_A_BLOCK, run.events), *block.shape[1:]),
                )
            events[first : first + len(block)] = block
            first += len(block)


def _write_root(path: Path, run: SimulatedRun) -> None:
    import uproot

    with uproot.create(path) as file:
        file["header"] = json.dumps(run.header())
        _write_tree(file, "towers", _identities(run))
        light = run.light()
        if light is not None:
            _write_tree(file, "pindiode", {"pindiode": light.pop("pindiode")})
            _write_tree(file, "light", light)
        for block in run.blocks():
            if "events" not in file:
                shape = np.dtype((block.dtype, block.shape[1:]))
                file.mktree("events", {run.contents: shape})
            file["events"].extend({run.contents: block})


def _write_tree(file: Any, name: str, columns: dict[str, NDArray[Any]]) -> None:
    file.mktree(name, {key: np.dtype((values.dtype, values.shape[1:])) for key, values in columns.items()})
    file[name].extend(columns)
