"""The contenders of `benchmarks.conversion`, one a process: ``python -m benchmarks.converters NAME ...``.

ours
    `convert_group`: one spectral window, phased to the meridian at mid-time, with checksums of the input.
pyuvdata
    Everything read into one object, joined by `fast_concat`, phased to the same place, `write_ms`.
concat
    One Measurement Set a subband by pyuvdata, in two processes, joined by casatasks' `concat`.
floor
    No conversion: h5py reads visibilities and flags, and the same bytes are written to one file.

Each ends with an fsync of all it wrote. Imports, compiled kernels and CASA's start are the warm-up: in
production workers have them behind them.
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Steps = dict[str, float]


def main(name: str, out: Path, reply: Path, files: Sequence[Path]) -> None:
    """Run a contender and write what it took to `reply`."""
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    convert = CONTENDERS[name](files, out)
    warm_up, begun, before = time.perf_counter() - start, time.perf_counter(), _cpu()
    steps = convert()
    _sync(out)
    seconds = time.perf_counter() - begun
    record = {"seconds": seconds, "warm_up": warm_up, "steps": steps, "cpu_seconds": _cpu() - before}
    reply.write_text(json.dumps(record))


def ours(files: Sequence[Path], out: Path) -> Callable[[], Steps]:
    """The product's converter."""
    import casacore.tables  # noqa: F401

    from dsa_hcal_assets.radio.conversion import kernels  # noqa: F401
    from dsa_hcal_assets.radio.conversion.group import convert_group
    from dsa_hcal_assets.radio.profiles.loading import load_profiles

    profile, centre = load_profiles()["dsa110"], _centre(files)

    def convert() -> Steps:
        return convert_group(files, out / "group.ms", profile, phase_centre=centre, layout="single").seconds

    return convert


def pyuvdata(files: Sequence[Path], out: Path) -> Callable[[], Steps]:
    """All in memory."""
    centre = _centre(files)
    import casacore.tables  # noqa: F401
    from pyuvdata import UVData

    def convert() -> Steps:
        begun = time.perf_counter()
        whole, *others = [_read(UVData, path) for path in files]
        whole = whole.fast_concat(others, axis="freq", run_check=False) if others else whole
        del others
        read = time.perf_counter()
        whole.reorder_freqs(channel_order="freq", run_check=False)
        ordered = time.perf_counter()
        _phase(whole, centre)
        phased = time.perf_counter()
        whole.write_ms(str(out / "group.ms"), run_check=False)
        end = time.perf_counter()
        return {
            "read": read - begun,
            "order": ordered - read,
            "phase": phased - ordered,
            "write": end - phased,
        }

    return convert


def concat(files: Sequence[Path], out: Path) -> Callable[[], Steps]:
    """As the earlier pipeline did it."""
    import multiprocessing

    from dsa_hcal_assets.workers import casa

    casa.configure()
    import casatasks
    from pyuvdata import UVData  # noqa: F401

    centre = _centre(files)
    parts = [(path, out / f"{path.stem}.ms", centre) for path in files]

    def convert() -> Steps:
        begun = time.perf_counter()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            pool.starmap(_convert_one, parts, chunksize=1)
        written = time.perf_counter()
        casatasks.concat(vis=[str(ms) for _, ms, _ in parts], concatvis=str(out / "group.ms"))
        return {"subbands": written - begun, "concat": time.perf_counter() - written}

    return convert


def floor(files: Sequence[Path], out: Path) -> Callable[[], Steps]:
    """Nobody who uses h5py and a disk can be faster on one core."""
    import h5py
    import numpy as np

    def convert() -> Steps:
        read = written = 0.0
        with (out / "bytes").open("wb", buffering=0) as raw:
            buffers: dict[tuple[Any, ...], Any] = {}
            for path in files:
                begun = time.perf_counter()
                with h5py.File(path, "r") as file:
                    found = []
                    for name in ("Data/visdata", "Data/flags"):
                        dataset = file[name]
                        key = name, dataset.shape
                        buffer = buffers.setdefault(key, np.empty(dataset.shape, dataset.dtype))
                        dataset.read_direct(buffer)
                        found.append(buffer)
                done = time.perf_counter()
                for buffer in found:
                    raw.write(buffer)
                read, written = read + done - begun, written + time.perf_counter() - done
        return {"read": read, "write": written}

    return convert


CONTENDERS: dict[str, Callable[[Sequence[Path], Path], Callable[[], Steps]]] = {
    "ours": ours,
    "pyuvdata": pyuvdata,
    "concat": concat,
    "floor": floor,
}


def _centre(files: Sequence[Path]) -> Any:
    """Where all contenders phase to. Working it out loads astropy's tables of the Earth's orientation."""
    from dsa_hcal_assets.radio.conversion.phase import midpoint_centre
    from dsa_hcal_assets.radio.ingest.uvh5 import read_header

    return midpoint_centre(read_header(files[0]))


def _read(kind: Any, path: Path) -> Any:
    part = kind()
    part.read(str(path), file_type="uvh5", run_check=False)
    # as pyuvdata demands of whatever is joined
    part.uvw_array = part.uvw_array.astype(float)
    return part


def _phase(whole: Any, centre: Any) -> None:
    place = {"lon": centre.ra_rad, "lat": centre.dec_rad, "epoch": 2000.0, "phase_frame": "icrs"}
    whole.phase(**place, cat_name=centre.name, use_ant_pos=True)


def _convert_one(path: Path, ms: Path, centre: Any) -> None:
    from pyuvdata import UVData

    whole = _read(UVData, path)
    whole.reorder_freqs(channel_order="freq", run_check=False)
    _phase(whole, centre)
    whole.write_ms(str(ms), run_check=False)


def _sync(out: Path) -> None:
    for path in out.rglob("*"):
        if path.is_file():
            with path.open("rb") as raw:
                os.fsync(raw.fileno())


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), [Path(name) for name in sys.argv[4:]])
