"""How fast messages get from one process to others: our streams, pyzmq alone, and memcpy.

``python -m benchmarks.daq`` sends blocks of 100 B to 64 MB and Arrow tables of 16 kB to one and to four
consumers that read every byte, then single messages of 1 kB for their latency; ``--quick`` sends less. The
floor is one thread that copies the same blocks into a mapping of shared memory as large as the stream's.
"""

import argparse
import json
import mmap
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.daq_contenders import CONTENDERS, Tally, Task

SIZES = {"100 B": 100, "1 kB": 1000, "16 kB table": 16_384, "1 MB": 1_000_000, "64 MB": 64_000_000}
BYTES = {True: 1.0e9, False: 4.0e9}
MESSAGES = {True: 20_000, False: 100_000}
CONSUMERS = (1, 4)
LATENCY_MESSAGES = {True: 500, False: 2000}
RUNS = {True: 1, False: 3}
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the system's own place for it


@dataclass(frozen=True)
class Result:
    """One run of a contender: rates of what every consumer got, and what it cost.

    Attributes
    ----------
    seconds
        From the first send to the last receipt of the slowest consumer.
    messages, gigabytes
        Per second, to each consumer.
    cpu_per_gb
        Processor seconds of all processes for each GB that was sent.
    lost
        Messages that some consumer did not see.
    """

    seconds: float
    messages: float
    gigabytes: float
    cpu_per_gb: float
    lost: int
    latencies: tuple[float, ...] = ()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daq", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages")
    options = parser.parse_args(arguments)
    floor = {name: _memcpy(size, quick=options.quick) for name, size in SIZES.items()}
    results: dict[tuple[str, str, int], Result] = {}
    print("                consumers     contender      msg/s    GB/s  memcpy  CPU s/GB lost", flush=True)
    for name in SIZES:
        for consumers in CONSUMERS:
            for contender in CONTENDERS:
                runs = range(RUNS[options.quick])
                found = _median([_run(contender, name, consumers, quick=options.quick) for _ in runs])
                results[name, contender, consumers] = found
                share = found.gigabytes / floor[name]
                print(
                    f"{name:14} {consumers:9} {contender:>14} {found.messages:10.0f} {found.gigabytes:7.2f}"
                    f" {share:7.0%} {found.cpu_per_gb:9.2f} {found.lost:4}",
                    flush=True,
                )
    latencies = {contender: _latency(contender, quick=options.quick) for contender in CONTENDERS}
    for contender, quantiles in latencies.items():
        shown = ", ".join(f"{label} {1e6 * value:.0f} us" for label, value in quantiles.items())
        print(f"1 kB, one at a time, {contender}: {shown}")
    print(json.dumps(_summary(results, floor, latencies, "quick" if options.quick else "full")))


def _run(contender: str, name: str, consumers: int, *, quick: bool) -> Result:
    size = SIZES[name]
    count = int(min(MESSAGES[quick], max(20.0, BYTES[quick] / size / consumers)))
    with tempfile.TemporaryDirectory(prefix="daq") as directory:
        task = Task(Path(directory), size, count, consumers, table="table" in name)
        return _measure(contender, task)


def _measure(contender: str, task: Task) -> Result:
    spawning = multiprocessing.get_context("spawn")
    with spawning.Manager() as shared, ProcessPoolExecutor(task.consumers + 1, spawning) as pool:
        ready = shared.Barrier(task.consumers + 1)
        producing = pool.submit(_role, contender, 0, task, 0, ready)
        numbers = range(task.consumers)
        consuming = [pool.submit(_role, contender, 1, task, number, ready) for number in numbers]
        try:
            for ended in as_completed([producing, *consuming]):
                ended.result()
        except BaseException:
            # the others would wait for the one that failed until their time is up
            for process in multiprocessing.active_children():
                process.kill()
            raise
    return _result(task, producing.result(), [future.result() for future in consuming])


def _role(contender: str, which: int, task: Task, number: int, ready: object) -> Tally:
    return CONTENDERS[contender][which](task, number, ready)  # type: ignore[arg-type]


def _result(task: Task, producer: Tally, consumers: list[Tally]) -> Result:
    seconds = max(tally.ended for tally in consumers) - producer.began
    gigabytes = task.count * task.size / 1e9
    cpu = producer.cpu + sum(tally.cpu for tally in consumers)
    return Result(
        seconds,
        task.count / seconds,
        gigabytes / seconds,
        cpu / gigabytes,
        sum(task.count - tally.seen for tally in consumers),
        tuple(latency for tally in consumers for latency in tally.latencies),
    )


def _median(runs: list[Result]) -> Result:
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def _memcpy(size: int, *, quick: bool) -> float:
    """Return GB/s of one thread that copies blocks of `size` into shared memory, around and around."""
    length = Task(Path(), size, 1, 1).ring
    path = _SHARED_MEMORY / f"memcpy-{os.getpid()}"
    with path.open("w+b") as file:
        path.unlink()
        file.truncate(length)
        with mmap.mmap(file.fileno(), length) as memory:
            place = np.frombuffer(memory, np.uint8)
            place[:] = 1
            block = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)
            rates = [_copied(block, place, BYTES[quick] / 2) for _ in range(RUNS[quick])]
            del place
    return statistics.median(rates)


def _copied(block: "np.ndarray[tuple[int], np.dtype[np.uint8]]", place: object, total: float) -> float:
    assert isinstance(place, np.ndarray)
    size, at = len(block), 0
    count = int(min(1_000_000, max(4, total / size)))
    began = time.perf_counter()
    for _ in range(count):
        place[at : at + size] = block
        at = at + size if at + 2 * size <= len(place) else 0
    return count * size / (time.perf_counter() - began) / 1e9


def _latency(contender: str, *, quick: bool) -> dict[str, float]:
    """Return quantiles of the time a single message of 1 kB takes, s."""
    with tempfile.TemporaryDirectory(prefix="daq") as directory:
        task = Task(Path(directory), 1000, LATENCY_MESSAGES[quick], 1, pause=0.002)
        found = np.array(_measure(contender, task).latencies)
    return {f"p{q}": float(np.percentile(found, q)) for q in (50, 95, 99)} | {"max": float(found.max())}


def _summary(
    results: dict[tuple[str, str, int], Result],
    floor: dict[str, float],
    latencies: dict[str, dict[str, float]],
    size: str,
) -> dict[str, object]:
    ours, theirs = results["1 MB", "shared memory", 1], results["1 MB", "pyzmq ipc", 1]
    return {
        "name": "daq",
        "size": size,
        "seconds": {
            f"{name}, {contender}, {consumers}": round(result.seconds, 3)
            for (name, contender, consumers), result in results.items()
        },
        "messages_per_second": {
            f"{name}, {contender}, {consumers}": round(result.messages)
            for (name, contender, consumers), result in results.items()
        },
        "latency_seconds": latencies,
        "lost": sum(result.lost for result in results.values()),
        "ratios": {"pyzmq_ipc": round(theirs.seconds / ours.seconds, 3)},
        "shares": {"memcpy": round(ours.gigabytes / floor["1 MB"], 3)},
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1),
    }


if __name__ == "__main__":
    main()
