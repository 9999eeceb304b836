"""Facts of sets read in worker processes: one that crashes or hangs casacore costs only itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import DeadlineExceeded, PlatformError, WorkerCrashed
from dsa_hcal_assets.radio.archive.errors import HalfCopied
from dsa_hcal_assets.radio.archive.facts import SetFacts
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets.workers.protocol import WorkerFailed, error_from_record

READ_SETS = "dsa_hcal_assets.radio.archive.job:read_sets"
# Wall limits of a call, so that even one that hangs leaves a sensor's tick (60 s) room: a set of
# 100,000 rows takes 0.1 s.
SECONDS, SECONDS_A_SET = 20.0, 0.5
# WorkerFailed: an exception nobody foresaw, from a table nobody foresaw
FAILURES = (WorkerCrashed, DeadlineExceeded, WorkerFailed)


def read_sets(workers: WorkerClient, paths: Sequence[Path], log: Path) -> list[SetFacts | PlatformError]:
    """Return, for each path, the facts of the set there, or the error that says why there are none.

    Parameters
    ----------
    log
        File that receives what casacore prints.
    """
    try:
        return _ask(workers, paths, log)
    except FAILURES:
        # one of them did it, or a host of workers that was just ending: each is asked once more, alone
        return [_alone(workers, path, log) for path in paths]


def _alone(workers: WorkerClient, path: Path, log: Path) -> SetFacts | PlatformError:
    try:
        return _ask(workers, [path], log)[0]
    except FAILURES as error:
        return _fatal(path, error)


def _ask(workers: WorkerClient, paths: Sequence[Path], log: Path) -> list[SetFacts | PlatformError]:
    arguments = {"paths": [str(path) for path in paths]}
    seconds = SECONDS + SECONDS_A_SET * len(paths)
    reply: Any = workers.call(READ_SETS, arguments, wall_seconds=seconds, log=log)
    return [answer_of(one) for one in reply["sets"]]


def answer_of(record: dict[str, Any]) -> SetFacts | PlatformError:
    """Return what `job.read_sets` answered for one set."""
    if "facts" in record:
        return SetFacts.model_validate(record["facts"])
    return error_from_record(record["error"])


def _fatal(path: Path, error: PlatformError) -> HalfCopied:
    return HalfCopied(
        f"reading {path.name} broke its reader",
        expected="a sound Measurement Set",
        found=" ".join(str(error).split())[:300],
        remedy="copy it again; if it happens again, the original is damaged",
    )
