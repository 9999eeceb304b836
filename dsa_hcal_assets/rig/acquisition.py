"""The rig's acquisition job: readings from a source become files in the incoming directory.

Belongs here: batching, and that nothing taken from the source is lost. Not here: where readings
come from (a driver, or the simulator) and what happens to the files (ingest).

A file holds readings of one UTC day, is on the disk before the next reading is taken, and appears
under its name whole or not at all.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from dsa_hcal_assets.clock import day_key, require_utc
from dsa_hcal_assets.daq.durable_file import write_durably
from dsa_hcal_assets.rig.csv_text import raw_text
from dsa_hcal_assets.rig.readings import Reading

PREFIX = "rig-"
SUFFIX = ".csv"
_NAME_TIME = "%Y%m%dT%H%M%S"

logger = logging.getLogger(__name__)


def acquire(
    readings: Iterable[Reading],
    incoming: Path,
    *,
    batch_rows: int = 1000,
    batch_span: timedelta = timedelta(days=1),
) -> list[Path]:
    """Write the readings of a source into files, until the source ends; return their paths.

    A file is closed when it has `batch_rows` rows, when the next reading lies `batch_span` or more
    after its first, or when the next reading is of another UTC day. When the source fails, what it
    gave before is written, and its error goes on to the caller. The file's name and bytes follow
    from the readings, so delivering the same ones again changes nothing.

    Parameters
    ----------
    incoming
        Directory of the rig's files (``<incoming>/rig``); made when absent.

    Raises
    ------
    InputConflict
        If a file of that name exists with other content.
    DiskFull, WriteFailed
        If the operating system refuses; the readings not written are named in the log.
    """
    incoming.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    batch: list[Reading] = []
    try:
        for reading in readings:
            if batch and _closes(batch, reading, batch_rows, batch_span):
                full, batch = batch, [reading]
                written.append(_write(full, incoming))
            else:
                batch.append(reading)
    finally:
        if batch:
            written.append(_write(batch, incoming))
    return written


def _closes(batch: list[Reading], reading: Reading, rows: int, span: timedelta) -> bool:
    first = batch[0].timestamp
    return (
        len(batch) >= rows
        or reading.timestamp - first >= span
        or day_key(reading.timestamp) != day_key(first)
    )


def _write(batch: list[Reading], incoming: Path) -> Path:
    first, last = (
        require_utc(moment).strftime(_NAME_TIME) for moment in (batch[0].timestamp, batch[-1].timestamp)
    )
    path = incoming / f"{PREFIX}{first}-{last}{SUFFIX}"
    try:
        write_durably(path, raw_text(batch))
    except BaseException:
        logger.error("%d readings from %s to %s were not written", len(batch), first, last)
        raise
    logger.info("%s: %d readings", path.name, len(batch))
    return path
