"""Convert a group of subbands into one Measurement Set."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dsa_hcal_assets import __version__
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.conversion.checksums import Checksums
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.rows import MJD_ZERO, Written, write_rows
from dsa_hcal_assets.radio.conversion.schema import create_main_table
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.conversion.subtables import HistoryEntry, write_subtables
from dsa_hcal_assets.radio.conversion.visibilities import GroupReader
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.model import Profile, SpwLayout

log = logging.getLogger(__name__)
# JD of 1970-01-01T00:00
UNIX_EPOCH_JD = 2440587.5


@dataclass(frozen=True)
class InputFile:
    """A subband that was read: name, bytes, sha256 of the bytes and digest of its header."""

    name: str
    bytes: int
    sha256: str
    header_digest: str


@dataclass(frozen=True)
class ConversionReport:
    """What a conversion made, of what, and where the time went (seconds a step)."""

    rows: int
    integrations: int
    channels: int
    windows: int
    correlations: int
    antennas: int
    fields: tuple[dict[str, Any], ...]
    layout: str
    flagged_fraction: float
    not_finite: int
    first_mjd: float
    last_mjd: float
    inputs: tuple[InputFile, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    writer: str = "direct"
    total_seconds: float = 0.0  # steps may overlap
    missing_channels: int = 0  # of lost subbands, in windows that have them all the same
    ms_bytes: int = 0
    peak_rss_bytes: int = 0  # of the process that converted
    started_at: str = ""  # UTC, ISO 8601

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "ConversionReport":
        """Return the report `as_json` described."""
        inputs = tuple(InputFile(**entry) for entry in record["inputs"])
        return cls(**{**record, "inputs": inputs, "fields": tuple(record["fields"])})


def convert_group(
    files: Sequence[Path],
    out: Path,
    profile: Profile,
    *,
    phase_centre: PhaseCentre | None = None,
    layout: SpwLayout | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConversionReport:
    """Write the subbands `files` as the Measurement Set `out`.

    Memory is bounded by the block of rows in work, whatever the group's size. `out` is written in
    place: stage it under another name and publish it by rename (`ProductStore.publishing`).

    Parameters
    ----------
    files
        UVH5 subbands of one group, in any order.
    out
        Directory that must not exist yet.
    profile
        Of the telescope.
    phase_centre
        Where drift scans (or, if given, phased data) are phased to. Default: the meridian at
        mid-time for drift scans, the file's own fields for phased data.
    layout
        One spectral window for all, or one a subband. Default: the profile's.
    progress
        Called with (visibilities written, visibilities in all).

    Raises
    ------
    UnreadableSubband, BadHeader, InconsistentGroup, UnsuitablePhase, NoEarthOrientation
        For input that cannot become a Measurement Set.
    PermanentError
        If there is no file, or `out` exists.
    """
    if not files:
        raise PermanentError("no subband to convert")
    if out.exists():
        raise PermanentError(f"{out} exists", remedy="remove it or choose another name")
    watch = Stopwatch()
    with Checksums(files, watch) as checksums:
        with watch("headers"):
            headers = [read_header(path) for path in files]
        with watch("plan"):
            plan = make_plan(headers, profile, phase_centre=phase_centre, layout=layout)
        with watch("import"):
            import casacore.tables  # noqa: F401  (loads the library; timed apart from the work)

            from dsa_hcal_assets.radio.conversion import kernels  # noqa: F401  (or compiles it)
        written = _write_main(out, plan, profile, progress, watch)
        sums = checksums.finish()
    inputs = tuple(
        InputFile(header.path.name, header.file_bytes, sums[header.path], header.digest)
        for header in plan.headers
    )
    with watch("subtables"):
        now_mjd = time.time() / 86400 + UNIX_EPOCH_JD - MJD_ZERO
        write_subtables(out, plan, profile, history_of(plan, inputs), now_mjd)
    log.info(
        "%s: %d rows from %d subbands in %.1f s",
        out.name,
        written.rows,
        len(files),
        sum(watch.seconds.values()),
    )
    return report_of(plan, written, inputs, watch.seconds)


def _write_main(
    out: Path,
    plan: Plan,
    profile: Profile,
    progress: Callable[[int, int], None] | None,
    watch: Stopwatch,
) -> Written:
    correlations = len(plan.correlations)
    channels = [len(window.frequencies_hz) for window in plan.windows]
    total = len(plan.rows) * sum(channels) * correlations
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    weight_spectrum = profile.conversion.weight_spectrum
    with GroupReader(plan, weight_spectrum=weight_spectrum, watch=watch) as reader:
        with watch("write"):
            rows = len(plan.rows) * len(plan.windows)
            table = create_main_table(out, max(channels), correlations, rows, weight_spectrum=weight_spectrum)
        try:
            table.putcolkeyword("DATA", "QuantumUnits", [plan.reference.visibility_units])
            return write_rows(table, reader, step, watch)
        finally:
            with watch("write"):
                table.close()


def history_of(plan: Plan, inputs: Sequence[InputFile]) -> list[HistoryEntry]:
    """Return what the Measurement Set's history says: software, fields, inputs with their checksums."""
    entries = [HistoryEntry(f"dsa_hcal_assets {__version__}: Measurement Set written from UVH5 subbands")]
    for centre in plan.fields:
        entries.append(
            HistoryEntry(f"field {centre.name}: {centre.frame} {centre.lon:.12f} {centre.lat:.12f} rad")
        )
    for item in inputs:
        entries.append(HistoryEntry(f"input {item.name}", f"sha256={item.sha256} bytes={item.bytes}"))
    return entries


def report_of(
    plan: Plan,
    written: Written,
    inputs: tuple[InputFile, ...],
    seconds: dict[str, float],
    writer: str = "direct",
) -> ConversionReport:
    """Return the report of a group written as `plan` says."""
    header = plan.reference
    return ConversionReport(
        rows=written.rows,
        integrations=len(set(header.times_jd.tolist())),
        channels=sum(len(window.frequencies_hz) for window in plan.windows),
        windows=len(plan.windows),
        correlations=len(plan.correlations),
        antennas=len(set(header.ant1.tolist()) | set(header.ant2.tolist())),
        fields=tuple(
            {"name": f.name, "frame": f.frame, "ra_rad": f.lon, "dec_rad": f.lat} for f in plan.fields
        ),
        layout="single" if len(plan.windows) == 1 else "per-subband",
        flagged_fraction=written.flagged / max(1, written.values),
        not_finite=written.not_finite,
        first_mjd=float(header.times_jd.min() - MJD_ZERO),
        last_mjd=float(header.times_jd.max() - MJD_ZERO),
        inputs=inputs,
        seconds=seconds,
        writer=writer,
        missing_channels=plan.missing_channels,
    )
