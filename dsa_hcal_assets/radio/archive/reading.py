"""Facts of sets read in worker processes: one that crashes or hangs casacore costs only itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import DeadlineExceeded, PlatformError, WorkerCrashed
from dsa_hcal_assets.radio.archive.errors import HalfCopied
from dsa_hcal_assets.radio.archive.facts import SetFacts
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets.workers.protocol import error_from_record

READ_SETS = "dsa_hcal_assets.radio.archive.job:read_sets"
SECONDS_A_SET = 20.0


def read_sets(workers: WorkerClient, paths: Sequence[Path], log: Path) -> list[SetFacts | PlatformError]:
    """Return, for each path, the facts of the set there, or the error that says why there are none.

    Parameters
    ----------
    log
        File that receives what casacore prints.
    """
    arguments = {"paths": [str(path) for path in paths]}
    try:
        reply: Any = workers.call(
            READ_SETS, arguments, wall_seconds=SECONDS_A_SET * (1 + len(paths)), log=log
        )
    except (WorkerCrashed, DeadlineExceeded) as error:
        if len(paths) > 1:  # one of them did it
            return [answer for path in paths for answer in read_sets(workers, [path], log)]
        return [_fatal(paths[0], error)]
    return [answer_of(one) for one in reply["sets"]]


def answer_of(record: dict[str, Any]) -> SetFacts | PlatformError:
    """Return what `job.read_sets` answered for one set."""
    if "facts" in record:
        return SetFacts.model_validate(record["facts"])
    return error_from_record(record["error"])


def _fatal(path: Path, error: PlatformError) -> HalfCopied:
    return HalfCopied(
        f"reading {path.name} broke casacore",
        expected="a sound Measurement Set",
        found=" ".join(str(error).split())[:300],
        remedy="copy it again; if it happens again, the original is damaged",
    )
