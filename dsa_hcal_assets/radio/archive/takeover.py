"""Copy a delivered Measurement Set, so that the product stays what it is when the archive does not.

Blocks are shared with the original where the filesystem can (reflink). Hard links are not used:
they would be one file with the archive's, so that sealing the product would seal the archive, and a
program writing into the archive would write into the product.
"""

import logging
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.radio.archive.errors import ArchiveChanged
from dsa_hcal_assets.radio.archive.facts import MJD_ZERO, SetFacts, read_facts
from dsa_hcal_assets.radio.conversion.group import ConversionReport, InputFile
from dsa_hcal_assets.radio.flagging.working_copy import copy_tree

log = logging.getLogger(__name__)

WRITER = "imported"
BLOCK_VALUES = 1 << 23


def take_over(ms: Path, out: Path, digest: str) -> ConversionReport:
    """Copy the set `ms` to `out` and report it as a conversion is reported, by writer ``imported``.

    Everything the set holds is kept, also model and corrected data. Visibilities that are NaN or
    infinite and not flagged are zeroed and flagged in the copy, as the converter does.

    Raises
    ------
    ArchiveChanged
        If the set is not, or does not stay, the content with this identity.
    NotAMeasurementSet, HalfCopied, LockedMeasurementSet, ...
        As `facts.read_facts`.
    CopyFailed, DeadlineExceeded
        If it cannot be copied.
    """
    start = time.perf_counter()
    before = trees.survey(ms)
    copy_tree(ms, out)
    _make_writable(out)
    facts = read_facts(out)
    if facts.digest != digest or trees.survey(ms) != before:
        raise ArchiveChanged(
            f"{ms} has changed since it was accepted",
            expected=f"identity {digest}",
            found=f"identity {facts.digest}, or files written during the copy",
            kept="the set is where it was; nothing was published",
            remedy="deliver or announce it again",
        )
    copied = time.perf_counter()
    flagged, values, not_finite = _mend(out)
    log.info("%s: %d rows copied, %d values not finite", ms.name, facts.rows, not_finite)
    seconds = {"copy": round(copied - start, 4), "check": round(time.perf_counter() - copied, 4)}
    return _report(ms, facts, flagged / max(1, values), not_finite, seconds)


def _make_writable(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def _mend(ms: Path) -> tuple[int, int, int]:
    """Zero and flag what is not finite; return the numbers flagged, of all, and not finite."""
    from casacore import tables

    flagged = values = not_finite = 0
    with tables.table(str(ms), readonly=False, ack=False) as main:
        for window in np.unique(main.getcol("DATA_DESC_ID")).tolist():
            with main.query(f"DATA_DESC_ID == {window}") as rows:
                for start, count in _blocks(rows):
                    data, flags = rows.getcol("DATA", start, count), rows.getcol("FLAG", start, count)
                    bad = ~np.isfinite(data) & ~flags
                    if bad.any():
                        rows.putcol("DATA", np.where(bad, 0, data), start, count)
                        rows.putcol("FLAG", flags | bad, start, count)
                    flagged += int((flags | bad).sum())
                    values += flags.size
                    not_finite += int(bad.sum())
    return flagged, values, not_finite


def _blocks(rows: Any) -> Iterator[tuple[int, int]]:
    count = max(1, BLOCK_VALUES // rows.getcell("FLAG", 0).size)
    for start in range(0, rows.nrows(), count):
        yield start, min(count, rows.nrows() - start)


def _report(
    ms: Path, facts: SetFacts, flagged_fraction: float, not_finite: int, seconds: dict[str, float]
) -> ConversionReport:
    days = [(moment - MJD_ZERO).total_seconds() / 86400 for moment in (facts.first, facts.last)]
    return ConversionReport(
        rows=facts.rows,
        integrations=facts.integrations,
        channels=facts.channels,
        windows=facts.windows,
        correlations=facts.correlations,
        antennas=facts.antennas,
        fields=tuple(one.model_dump() for one in facts.fields),
        layout="single" if facts.windows == 1 else "per-subband",
        flagged_fraction=flagged_fraction,
        not_finite=not_finite,
        first_mjd=days[0],
        last_mjd=days[1],
        # every byte's SHA-256 is in the product's manifest
        inputs=(InputFile(ms.name, facts.bytes, "", facts.digest),),
        seconds=seconds,
        total_seconds=sum(seconds.values()),
        ms_bytes=facts.bytes,
        writer=WRITER,
    )
