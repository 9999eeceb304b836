"""How fast subbands become a calibrated image: our path against the same chain scripted with casatasks.

``python -m benchmarks.calibration_imaging`` makes a full-size calibrator group and runs, in turn and
each in a process of its own, what `benchmarks.calibration_contenders` describes; ``--quick`` takes 20
antennas and a smaller image. Gains and flux densities of both are compared and printed.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

NAMES = ("ours", "casatasks", "quicklook")
ANTENNAS = {True: 20, False: 96}
# the standard image of the telescope, and the same field at a coarser pixel
IMAGES = {False: {"imsize": 4800, "cell_arcsec": 3.0}, True: {"imsize": 1200, "cell_arcsec": 12.0}}
IMAGE = {"robust": 0.5, "niter": 1000, "threshold_jy": 0.005, "uvrange_lambda": 1000.0, "stop_sigma": 3.0}
SHOWN_SOURCES = 4
# steps of one and of the other that do the same
CHAIN = ("flag", "solve", "apply", "image")
SAME = {
    "flag": ("flag reset", "flag zeros", "flag interference"),
    "solve": ("model", "phase", "bandpass", "gain"),
    "apply": ("apply", "average"),
    "image": ("image",),
}


@dataclass(frozen=True)
class Run:
    """What a contender took, by step (s, by the clock and of all cores), and what it found (Jy).

    `in_casa`: seconds inside CASA's tasks.
    """

    seconds: dict[str, float]
    cpu: dict[str, float]
    in_casa: float
    fluxes: dict[str, float]
    peak_rss_mib: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    options = _parser().parse_args(arguments)
    with _directory(options.work) as work:
        files = _input(options.input, work, quick=options.quick)
        runs = {name: _run(name, files, work, quick=options.quick) for name in options.only}
        difference = _gain_difference(work) if {"ours", "casatasks"} <= runs.keys() else float("nan")
    _print(runs, difference)
    print(json.dumps(_summary(runs, "quick" if options.quick else "full")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration_imaging", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 antennas instead of 96, a smaller image")
    parser.add_argument(
        "--input", type=Path, help="directory with a simulated group and its truth, instead of a new one"
    )
    parser.add_argument("--work", type=Path, help="directory to write to (default: a temporary one)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=NAMES,
        default=list(NAMES),
        help="fewer contenders; the others need the gains of ours",
    )
    return parser


@contextmanager
def _directory(parent: Path | None) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="benchmark-", dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def _input(given: Path | None, work: Path, *, quick: bool) -> list[Path]:
    if given is not None:
        return sorted(given.absolute().glob("*.hdf5"))
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group

    print("simulating the input", file=sys.stderr)
    place = work / "input"
    place.mkdir()
    setup = GroupSetup(antennas=ANTENNAS[quick], channels=48)
    return sorted(simulate_group(place, load_profiles()["dsa110"], setup).files)


def _run(name: str, files: Sequence[Path], work: Path, *, quick: bool) -> Run:
    """Run a contender in a process of its own and measure it and its children."""
    print(name, file=sys.stderr)
    out, request, reply = work / name, work / "request.json", work / "reply.json"
    out.mkdir()
    asked = {"files": [str(path) for path in files], "out": str(out), "image": {**IMAGE, **IMAGES[quick]}}
    request.write_text(json.dumps(asked))
    os.sync()
    command = [sys.executable, "-m", "benchmarks.calibration_contenders", name, str(request), str(reply)]
    child = os.posix_spawn(command[0], command, dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{name} ended with {os.waitstatus_to_exitcode(status)}")
    found: dict[str, Any] = json.loads(reply.read_text())
    for large in (*out.glob("group.ms*"), *out.glob("calibrated*")):
        shutil.rmtree(large)
    return Run(**found, peak_rss_mib=usage.ru_maxrss / 1024)


def _gain_difference(work: Path) -> float:
    """Return the median relative difference of bandpass x gain, our solver and CASA's on the same flags."""
    names = ("bandpass.cal", "gain.cal")
    ours, theirs = (_gains(work / place, names) for place in ("casatasks/ours", "casatasks"))
    shared = ours.keys() & theirs.keys()
    with np.errstate(invalid="ignore"):  # NaN where there is no solution
        relative = [np.abs(ours[one] / theirs[one] - 1).ravel() for one in sorted(shared)]
    return float(np.nanmedian(np.concatenate(relative)))


def _gains(directory: Path, tables: Sequence[str]) -> dict[int, Any]:
    """Return bandpass x gain of each antenna, shape (channels, 2); NaN where there is no solution."""
    from dsa_hcal_assets.radio.calibration.solutions import read_solutions

    product: dict[int, Any] = {}
    for name in tables:
        (solutions,) = read_solutions(directory / name)
        for antenna, values in zip(solutions.antenna.tolist(), solutions.good, strict=True):
            product[antenna] = product.get(antenna, 1.0) * values
    return product


def _print(runs: dict[str, Run], difference: float) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d}, {len(os.sched_getaffinity(0))} cores, {platform.platform()}")
    print(f"load of the machine (1 min): {os.getloadavg()[0]:.1f}\n")
    print("| way | step | s | CPU s |\n| --- | --- | --- | --- |")
    for name, run in runs.items():
        for step, seconds in run.seconds.items():
            cpu = f"{run.cpu[step]:.2f}" if step in run.cpu else ""
            print(f"| {name} | {step} | {seconds:.2f} | {cpu} |")
    print("\n| way | CPU s | in CASA's tasks, s | peak MiB |\n| --- | --- | --- | --- |")
    for name, run in runs.items():
        print(f"| {name} | {sum(run.cpu.values()):.1f} | {run.in_casa:.1f} | {run.peak_rss_mib:.0f} |")
    print(f"\nbandpass x gain on the same flags, ours against casatasks: median difference {difference:.1e}")
    for source in islice(runs[next(iter(runs))].fluxes, SHOWN_SOURCES):
        found = {name: run.fluxes[source] for name, run in runs.items() if source in run.fluxes}
        print(f"{source}: {', '.join(f'{name} {jy:.4f} Jy' for name, jy in found.items())}")


def _summary(runs: dict[str, Run], size: str) -> dict[str, Any]:
    seconds, ratios, shares = {}, {}, {}
    peaks = {name: run.peak_rss_mib for name, run in runs.items()}
    if "ours" in runs:
        own = runs["ours"].seconds
        seconds["target_group"] = sum(own[step] for step in ("convert", "flag", "apply", "image"))
        seconds["calibrator_group"] = sum(own[step] for step in ("convert", "flag", "solve with the field"))
        # of the whole run: what still is CASA's
        shares["casa"] = runs["ours"].in_casa / sum(own.values())
    if {"ours", "casatasks"} <= runs.keys():
        theirs = runs["casatasks"].seconds
        seconds["casatasks"] = sum(theirs.values())
        ratios["casatasks"] = seconds["casatasks"] / sum(own[step] for step in CHAIN)
        ratios |= {
            step: sum(theirs[one] for one in SAME[step]) / own[step] for step in ("flag", "solve", "apply")
        }
        # theirs for the bandpass alone against ours for all solves: no more than the truth
        ratios["bandpass"] = theirs["bandpass"] / own["solve"]
        ratios["tclean"] = theirs["image"] / own["image"]
        cpu_own, cpu_theirs = runs["ours"].cpu, runs["casatasks"].cpu
        ratios["casatasks_cpu"] = sum(cpu_theirs.values()) / sum(cpu_own[step] for step in CHAIN)
        shares["casa_of_casatasks"] = runs["casatasks"].in_casa / seconds["casatasks"]
    if "quicklook" in runs:
        seconds["quicklook"] = runs["quicklook"].seconds["quicklook"]
    return {
        "name": "calibration_imaging",
        "size": size,
        "seconds": _rounded(seconds),
        "ratios": _rounded(ratios),
        "shares": _rounded(shares),
        "peak_rss_mib": round(peaks.get("ours", max(peaks.values())), 1),
        "peaks_mib": _rounded(peaks),
    }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}


if __name__ == "__main__":
    main()
