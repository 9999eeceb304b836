"""How fast subbands become a calibrated image: our path against the same chain scripted with casatasks.

``python -m benchmarks.calibration_imaging`` makes a full-size calibrator group and runs, in turn and
each in a process of its own, what `benchmarks.calibration_contenders` describes; ``--quick`` takes 20
antennas and a smaller image. Gains and flux densities of both are compared and printed. Each step is
told as it ends; ``--out`` names a file that holds what was measured so far at any time, in the form of the
last line of the output.
"""

import argparse
import json
import math
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.calibration_sky import OURS, TCLEAN, Observed, flux_differences, gain_differences

NAMES = ("ours", "quicklook", "casatasks")
ANTENNAS = {True: 20, False: 96}
# the standard image of the telescope; the middle of it at a coarser pixel
IMAGES = {False: {"imsize": 4800, "cell_arcsec": 3.0}, True: {"imsize": 1200, "cell_arcsec": 6.0}}
IMAGE = {"robust": 0.5, "niter": 1000, "threshold_jy": 0.005, "uvrange_lambda": 1000.0, "stop_sigma": 3.0}
# how often what is done so far is written down, s
PAUSE_S = 2.0
# steps of ours that a target and a calibrator group need
TARGET_GROUP = ("convert", "flag", "apply", "product image")
CALIBRATOR_GROUP = ("convert", "flag", "solve with the field", "gates, registry")
# steps of one and of the other that do the same: the chain
SAME = {
    "flag": ("flag reset", "flag zeros", "flag interference"),
    "solve": ("model", "phase", "bandpass", "gain"),
    "apply": ("apply", "average"),
    "image": ("image",),
}


class ContenderFailed(Exception):
    """A contender ended before its work was done."""


@dataclass(frozen=True)
class Run:
    """What a contender took, by step (s, by the clock and of all cores), and what it found (Jy).

    `in_casa`: seconds inside CASA's tasks; `fluxes`: by imaging program and source.
    """

    seconds: dict[str, float]
    cpu: dict[str, float]
    in_casa: float
    fluxes: dict[str, dict[str, float]]
    peak_rss_mib: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    options = _parser().parse_args(arguments)
    # cut from outside, it takes its contender and its scratch with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("cut"))
    size, runs = "quick" if options.quick else "full", dict[str, Run]()
    agreement: dict[str, float] = {}
    failed: list[str] = []

    def keep() -> None:
        if options.out:
            part = options.out.with_suffix(".part")
            part.write_text(json.dumps(_summary(runs, agreement, size)) + "\n")
            part.replace(options.out)

    with _directory(options.work) as work:
        files = _input(options.input, work, quick=options.quick)
        for name in options.only:
            try:
                for run in _progress(name, files, work, quick=options.quick):
                    runs[name] = run
                    keep()
            except ContenderFailed as error:
                failed.append(str(error))
        if {"ours", "casatasks"} <= runs.keys() and not failed:
            agreement |= gain_differences(work / "casatasks" / "ours", work / "casatasks")
            calibrator = Observed.of(files).calibrator.name
            agreement |= flux_differences(runs["ours"].fluxes, runs["casatasks"].fluxes, calibrator)
    keep()
    _print(runs, agreement)
    print(json.dumps(_summary(runs, agreement, size)))
    if failed:
        raise SystemExit("; ".join(failed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration_imaging", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 antennas instead of 96, a smaller image")
    parser.add_argument(
        "--input", type=Path, help="directory with a simulated group and its truth, instead of a new one"
    )
    parser.add_argument("--out", type=Path, help="file that gets what was measured, while it is measured")
    parser.add_argument("--work", type=Path, help="directory to write to (default: a temporary one)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=NAMES,
        default=list(NAMES),
        help="fewer contenders, in this order; the others need the gains of ours",
    )
    return parser


@contextmanager
def _directory(parent: Path | None) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="benchmark-", dir=parent)).absolute()
    made.chmod(0o711)  # the database's server is another user's when the benchmark is root's
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


def _progress(name: str, files: Sequence[Path], work: Path, *, quick: bool) -> Iterator[Run]:
    """Run a contender in a process of its own; yield what it took whenever a step is done.

    The last one yielded has its peak memory, with that of its children.
    """
    print(f"{name}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    out, request, reply = work / name, work / f"{name}.request", work / f"{name}.reply"
    out.mkdir()
    asked = {"files": [str(path) for path in files], "out": str(out), "image": {**IMAGE, **IMAGES[quick]}}
    request.write_text(json.dumps(asked))
    os.sync()
    command = [sys.executable, "-m", "benchmarks.calibration_contenders", name, str(request), str(reply)]
    child, ended = os.posix_spawn(command[0], command, dict(os.environ)), 0
    known = ""
    try:
        while not ended:
            time.sleep(PAUSE_S)
            ended, status, usage = os.wait4(child, os.WNOHANG)
            said = reply.read_text() if reply.is_file() else ""
            if said != known or (ended and said):
                known = said
                found: dict[str, Any] = json.loads(said)
                yield Run(**found, peak_rss_mib=usage.ru_maxrss / 1024 if ended else 0.0)
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if status:
        raise ContenderFailed(f"{name} ended with {os.waitstatus_to_exitcode(status)}")
    for large in (*out.glob("group.ms*"), *out.glob("calibrated*")):
        shutil.rmtree(large)


def _print(runs: dict[str, Run], agreement: dict[str, float]) -> None:
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
    if agreement:
        print(
            "\ngains solved by both on CASA's flags for the same model, bandpass x gain x short gain:\n"
            f"apart by {agreement['gains_median']:.1e} (median), {agreement['gains_99_percent']:.1e} (99 %); "
            f"{agreement['gains_solved_by_one_only']:.1e} solved by one of the two only\n"
            "flux densities, Jy: our chain; casatasks' data imaged by the same program; imaged by tclean"
        )
        theirs = runs["casatasks"].fluxes
        for source, jy in runs["ours"].fluxes[OURS].items():
            same, tclean = (theirs[program].get(source, math.nan) for program in (OURS, TCLEAN))
            print(
                f"  {source}: {jy:.4f}; {same:.4f} ({100 * (jy / same - 1):+.2f} %); "
                f"{tclean:.4f} ({100 * (jy / tclean - 1):+.2f} %)"
            )


def _summary(runs: dict[str, Run], agreement: dict[str, float], size: str) -> dict[str, Any]:
    """Return what was measured; of a run that is not over, what can be told already."""
    every = {name: run.seconds for name, run in runs.items()}
    own, theirs = every.get("ours", {}), every.get("casatasks", {})
    chain = [step for steps in SAME.values() for step in steps]
    seconds = {
        "target_group": _total(own, TARGET_GROUP),
        "calibrator_group": _total(own, CALIBRATOR_GROUP),
        "quicklook": every.get("quicklook", {}).get("quicklook", math.nan),
        "chain": _total(own, SAME),
        "casatasks": _total(theirs, chain),
    }
    ratios = {step: _total(theirs, SAME[step]) / own.get(step, math.nan) for step in SAME}
    ratios |= {
        "casatasks": seconds["casatasks"] / seconds["chain"],
        # theirs for the bandpass alone against ours for all solves: no more than the truth
        "bandpass": theirs.get("bandpass", math.nan) / own.get("solve", math.nan),
        "tclean": ratios.pop("image"),
    }
    shares = {}
    if "ours" in runs:
        shares["casa"] = runs["ours"].in_casa / sum(own.values())
    if {"ours", "casatasks"} <= runs.keys():
        ratios["casatasks_cpu"] = _total(runs["casatasks"].cpu, chain) / _total(runs["ours"].cpu, SAME)
        shares["casa_of_casatasks"] = runs["casatasks"].in_casa / sum(theirs.values())
    peaks = {name: run.peak_rss_mib for name, run in runs.items()}
    return {
        "name": "calibration_imaging",
        "size": size,
        "seconds": _known(seconds),
        "ratios": _known(ratios),
        "shares": _known(shares),
        "agreement": {name: float(f"{value:.3g}") for name, value in agreement.items()},
        "peak_rss_mib": round(peaks.get("ours", 0.0), 1),
        "peaks_mib": _known(peaks),
        "steps": {name: _known(steps) for name, steps in every.items()},
        "load": round(os.getloadavg()[0], 1),
    }


def _total(steps: dict[str, float], names: Iterable[str]) -> float:
    """Return the sum of some steps; NaN while one of them is missing."""
    return sum(steps.get(name, math.nan) for name in names)


def _known(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items() if math.isfinite(value)}


if __name__ == "__main__":
    main()
