"""One contender's work in `benchmarks.calibration_imaging`: what it is asked for, what its steps take."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Job:
    """One contender's work: the group, the image asked for, where everything goes, and what it took.

    `reply` gets all of it anew after every step, so that a run that is cut leaves what it did.
    """

    files: list[Path]
    out: Path
    image: dict[str, Any]
    reply: Path
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    in_casa: float = 0.0
    fluxes: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time of a step, by the clock and of all cores."""
        begun, before = time.perf_counter(), _cpu()
        yield
        seconds, cpu = time.perf_counter() - begun, _cpu() - before
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.cpu[name] = self.cpu.get(name, 0.0) + cpu
        self.tell(f"{name}: {seconds:.1f} s, {cpu:.1f} CPU s")
        self.save()

    def tell(self, text: str) -> None:
        """Tell the reader of the run how far it is."""
        print(f"  {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def save(self) -> None:
        """Write what was done so far."""
        record = {name: getattr(self, name) for name in ("seconds", "cpu", "in_casa", "fluxes")}
        part = self.reply.with_suffix(".part")
        part.write_text(json.dumps(record))
        part.replace(self.reply)


def start_casa(job: Job) -> None:
    """Load CASA and have every task, called by whomever, add its time to `job.in_casa`."""
    from dsa_hcal_assets.workers import casa

    casa.configure()
    import casatasks as tasks

    depth = 0

    def timed(task: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal depth
            begun, depth = time.perf_counter(), depth + 1
            try:
                return task(*arguments, **options)
            finally:
                depth -= 1
                job.in_casa += time.perf_counter() - begun if depth == 0 else 0.0

        return call

    for name in ("flagdata", "setjy", "gaincal", "bandpass", "applycal", "split", "tclean", "exportfits"):
        setattr(tasks, name, timed(getattr(tasks, name)))


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
