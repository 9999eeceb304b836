"""Which of the two writers converts a group, and what both have in common."""

import logging
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from dsa_hcal_assets.radio.conversion.errors import NotDirect
from dsa_hcal_assets.radio.conversion.group import ConversionReport, convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.scratch_columns import add_scratch_columns
from dsa_hcal_assets.radio.profiles.model import Profile

log = logging.getLogger(__name__)
Writer = Literal["direct", "pyuvdata", "auto"]


def write_group(
    files: Sequence[Path],
    out: Path,
    profile: Profile,
    *,
    phase_centre: PhaseCentre | None = None,
    writer: Writer = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> ConversionReport:
    """Write the subbands `files` as the Measurement Set `out`, as the profile's `conversion` says.

    Parameters
    ----------
    files, out, profile, phase_centre, progress
        As `convert_group`. pyuvdata's writer tells no progress.
    writer
        ``direct``, ``pyuvdata``, or ``auto``: direct, unless the group needs what only the other writes.

    Raises
    ------
    NotDirect
        If `writer` is ``direct`` and that one cannot write the group.
    PlatformError
        As `convert_group`.
    """
    began, start = datetime.now(UTC), time.perf_counter()
    report = None
    if writer != "pyuvdata":
        try:
            report = convert_group(files, out, profile, phase_centre=phase_centre, progress=progress)
        except NotDirect as reason:
            if writer == "direct":
                raise
            log.warning("%s is written by pyuvdata: %s", out.name, reason)
    if report is None:
        # pyuvdata takes seconds to import and is rarely needed
        from dsa_hcal_assets.radio.conversion.through_pyuvdata import convert_through_pyuvdata

        report = convert_through_pyuvdata(files, out, profile, phase_centre=phase_centre)
    seconds = dict(report.seconds)
    if profile.conversion.scratch_columns:
        begun = time.perf_counter()
        add_scratch_columns(out)
        seconds["scratch_columns"] = round(time.perf_counter() - begun, 4)
    return replace(
        report,
        seconds=seconds,
        total_seconds=round(time.perf_counter() - start, 4),
        started_at=began.isoformat(),
        ms_bytes=sum(path.stat().st_size for path in out.rglob("*") if path.is_file()),
        # Linux counts in KiB
        peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )
