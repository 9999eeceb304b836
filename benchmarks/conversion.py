"""How fast a group of subbands becomes a Measurement Set: ours, the alternatives, and the floor.

``python -m benchmarks.conversion`` makes a full-size group and runs, in turn and each in processes of its
own, what `benchmarks.converters` describes; ``--quick`` takes 20 antennas. A run is cold when the page
cache had to give up the input before it.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# warm runs; the heavy ones are far apart from the rest whatever the noise
WARM_RUNS = {"ours": 3, "floor": 3, "pyuvdata": 1, "concat": 1}
ANTENNAS = {True: 20, False: 96}


@dataclass(frozen=True)
class Run:
    """One conversion: seconds of the work itself and of what a warm worker has behind it; peak memory."""

    seconds: float
    warm_up: float
    steps: dict[str, float]
    peak_rss_mib: float
    cpu_seconds: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    options = _parser().parse_args(arguments)
    with _directory(options.work) as work:
        files = _input(options.input, work, quick=options.quick)
        runs: dict[str, dict[str, list[Run]]] = {}
        for name in options.only:
            cold = [] if options.no_cold else [_run(name, files, work, cold=True)]
            warm = [_run(name, files, work, cold=False) for _ in range(WARM_RUNS[name])]
            runs[name] = {"cold": cold, "warm": warm}
        _print_table(runs, files)
        print(json.dumps(_summary(runs, "quick" if options.quick else "full")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conversion", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 antennas instead of 96")
    parser.add_argument(
        "--input", type=Path, help="directory with the subbands of one group, instead of simulated"
    )
    parser.add_argument(
        "--work", type=Path, help="directory on the disk to write to (default: a temporary one)"
    )
    parser.add_argument("--no-cold", action="store_true", help="warm runs only")
    parser.add_argument(
        "--only", nargs="+", choices=WARM_RUNS, default=list(WARM_RUNS), help="fewer contenders"
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
        return sorted(given.glob("*.hdf5"))
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group

    print("simulating the input", file=sys.stderr)
    place = work / "input"
    place.mkdir()
    group = simulate_group(
        place, load_profiles()["dsa110"], GroupSetup(antennas=ANTENNAS[quick], channels=48)
    )
    return sorted(group.files)


def _run(name: str, files: Sequence[Path], work: Path, *, cold: bool) -> Run:
    """Run a contender in a process of its own and measure it."""
    print(f"{name}, {'cold' if cold else 'warm'}", file=sys.stderr)
    out, reply = work / "out", work / "reply.json"
    out.mkdir()
    _settle(files, cold=cold)
    command = [sys.executable, "-m", "benchmarks.converters", name, str(out), str(reply), *map(str, files)]
    child = os.posix_spawn(command[0], command, dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    shutil.rmtree(out)
    if status:
        raise SystemExit(f"{name} ended with {os.waitstatus_to_exitcode(status)}")
    found: dict[str, Any] = json.loads(reply.read_text())
    return Run(**found, peak_rss_mib=usage.ru_maxrss / 1024)


def _settle(files: Sequence[Path], *, cold: bool) -> None:
    """Write back what earlier runs left; have the input in the page cache, or not."""
    os.sync()
    for path in files:
        with path.open("rb") as raw:
            if cold:
                os.posix_fadvise(raw.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while raw.read(8 << 20):
                    pass


def _median(runs: Sequence[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def _print_table(runs: dict[str, dict[str, list[Run]]], files: Sequence[Path]) -> None:
    size = sum(path.stat().st_size for path in files)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {len(os.sched_getaffinity(0))} cores, {platform.platform()}")
    print(f"{len(files)} subbands, {size / 1e6:.0f} MB\n")
    print("| way | state | s | CPU s | ours is faster by | x floor | peak MiB | warm-up s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, states in runs.items():
        for state, found in states.items():
            if not found:
                continue
            seconds = _median(found)
            ratio, share = _relative(runs, state, seconds)
            last = found[-1]
            print(
                f"| {name} | {state} | {seconds:.2f} | {last.cpu_seconds:.1f} | {ratio} | {share} "
                f"| {max(run.peak_rss_mib for run in found):.0f} | {found[0].warm_up:.1f} |"
            )
    if "ours" in runs:
        print("\nours, steps (threads overlap):", json.dumps(runs["ours"]["warm"][-1].steps))


def _relative(runs: dict[str, dict[str, list[Run]]], state: str, seconds: float) -> tuple[str, str]:
    """Return `seconds` over ours and over the floor, in the same state of the page cache."""
    found = []
    for reference in ("ours", "floor"):
        known = runs.get(reference, {}).get(state)
        found.append(f"{seconds / _median(known):.2f}" if known else "")
    return found[0], found[1]


def _summary(runs: dict[str, dict[str, list[Run]]], size: str) -> dict[str, Any]:
    """Return the figures of the warm runs; cold ones under their own names."""
    seconds = {name: _median(states["warm"]) for name, states in runs.items()}
    cold = {f"{name}_cold": _median(states["cold"]) for name, states in runs.items() if states["cold"]}
    ours = seconds.get("ours", float("nan"))
    peaks = [run.peak_rss_mib for found in runs.get("ours", {}).values() for run in found]
    return {
        "name": "conversion",
        "size": size,
        "seconds": {name: round(value, 3) for name, value in {**seconds, **cold}.items()},
        "ratios": {
            name: round(seconds[name] / ours, 3) for name in ("pyuvdata", "concat") if name in seconds
        },
        "shares": {"floor": round(ours / seconds["floor"], 3)} if "floor" in seconds else {},
        "peak_rss_mib": round(max(peaks, default=float("nan")), 1),
    }


if __name__ == "__main__":
    main()
