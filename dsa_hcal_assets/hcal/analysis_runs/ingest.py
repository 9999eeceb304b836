"""Run files from ``incoming/runs`` into the ledger: each new name is opened once and given its run.

Belongs here: what happens between a file landing and its row in the ledger. Not here: the analysis.

The partition is the run's number, the subject run and part. A file of tens of gigabytes cannot be
hashed while a sensor waits: large ones are identified by their size and samples of their bytes, and
hashed whole when they are analysed.
"""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.analysis_runs.run_contents import RunHeader
from dsa_hcal_assets.hcal.analysis_runs.run_file import format_of, open_run
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.ledger.deliveries import Delivery
from dsa_hcal_assets.ledger.scanning import ScanReport, scan_settled

SOURCE = "runs"
FIRST_START = datetime(2023, 1, 1, tzinfo=UTC)
FUTURE_LIMIT = timedelta(hours=1)  # a clock this far ahead is wrong, not early
HASHED_WHOLE = 256 * 2**20  # bytes; about a quarter of a second
_PIECES, _PIECE = 256, 2**16


class RunTimeImpossible(BadInput):
    """A run claims a time that cannot be right."""


def scan(
    incoming: Path,
    ledger: Ledger,
    settle_seconds: float,
    *,
    limit: int = 50,
    now: datetime | None = None,
) -> ScanReport:
    """Bring the run files of `incoming` that the ledger does not know into it.

    At most `limit` new files are opened; see `ledger.scanning.scan_settled`.
    """

    def describe(path: Path) -> Delivery:
        with open_run(path) as run:
            header = run.header
        _check_time(path, header, now or utc_now())
        return Delivery(path, subject_of(header), str(header.run_number), header.started_at, identity(path))

    return scan_settled(
        incoming, ledger, SOURCE, describe, _is_run_file, settle_seconds=settle_seconds, limit=limit
    )


def subject_of(header: RunHeader) -> str:
    """Return what a run file is to the ledger: its part of its run."""
    return f"{header.run_number}:{header.part}"


def identity(path: Path) -> str:
    """Return what identifies a file's content: its SHA-256, or of a large one that of its size and samples.

    The samples are 256 pieces of 64 KiB, evenly spread from the first byte to the last.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= HASHED_WHOLE:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(str(size).encode())
        for piece in range(_PIECES):
            file.seek(piece * (size - _PIECE) // (_PIECES - 1))
            digest.update(file.read(_PIECE))
    return f"sampled-{digest.hexdigest()}"


def _is_run_file(name: str) -> bool:
    return format_of(name) is not None


def _check_time(path: Path, header: RunHeader, now: datetime) -> None:
    if header.started_at >= FIRST_START and header.ended_at <= now + FUTURE_LIMIT:
        return
    raise RunTimeImpossible(
        f"{path.name}: the time of run {header.run_number} cannot be right",
        expected=f"from {FIRST_START.date()} to {(now + FUTURE_LIMIT).isoformat(timespec='seconds')}",
        found=f"{header.started_at.isoformat()} to {header.ended_at.isoformat()}",
        remedy="check the clock of the acquisition machine; release the file if ours was wrong",
    )
