"""One look at the incoming directory: new subbands into the ledger, bad ones into quarantine."""

import logging
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, TransientError
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import NotAFile, Outcome
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets.radio.ingest.child import read_headers
from dsa_hcal_assets.radio.ingest.completeness import decide_overdue, refresh_changed
from dsa_hcal_assets.radio.ingest.errors import WrongSubband
from dsa_hcal_assets.radio.ingest.groups import SOURCE, ObservationGroup
from dsa_hcal_assets.radio.ingest.header import SubbandHeader
from dsa_hcal_assets.radio.profiles.loading import match
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.settings.radio import RadioSettings

log = logging.getLogger(__name__)


@dataclass
class ScanReport:
    """What one scan did. Names of files; groups touched are in their new state."""

    accepted: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # not a regular file, or not readable now
    settling: list[str] = field(default_factory=list)
    left: int = 0  # new files beyond this scan's batch
    changed: list[ObservationGroup] = field(default_factory=list)  # got or lost subbands
    decided: list[ObservationGroup] = field(default_factory=list)  # partial or failed since now


def scan(
    incoming: Path,
    ledger: Ledger,
    database: Database,
    profiles: Mapping[str, Profile],
    settings: RadioSettings,
    now: datetime,
) -> ScanReport:
    """Take what is new in `incoming` into the ledger.

    Only files with a subband's name are looked at, only settled ones are read, and one that cannot
    be used never holds up another. Groups left incomplete for `settings.collect_hours` become
    failed and are reported once. Safe to repeat and to interrupt at any point.

    Raises
    ------
    DatabaseUnavailable
        If the database cannot be reached; files stay where they are for the next scan.
    """
    report = ScanReport()
    names = _subband_names(incoming, profiles.values())
    fresh = _settled(incoming, ledger.unknown(SOURCE, names), settings, now, report)
    batch, report.left = fresh[: settings.scan_batch], max(0, len(fresh) - settings.scan_batch)
    if batch:
        for path, header in zip(
            batch, read_headers(batch, seconds_a_file=settings.header_seconds), strict=True
        ):
            _take(path, header, ledger, database, profiles, now, report)
    report.changed = refresh_changed(database, ledger, now)
    report.decided = decide_overdue(database, settings, now)
    for group in report.decided:
        log.warning("group %s is %s: %d of %d subbands", group.key, group.state, group.found, group.expected)
    return report


def _subband_names(incoming: Path, profiles: Iterable[Profile]) -> list[str]:
    known = list(profiles)
    with os.scandir(incoming) as entries:
        return [
            entry.name
            for entry in entries
            if any(profile.subbands.index_of_name(entry.name) is not None for profile in known)
        ]


def _settled(
    incoming: Path, names: Iterable[str], settings: RadioSettings, now: datetime, report: ScanReport
) -> list[Path]:
    settled = []
    for name in names:
        path = incoming / name
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(status.st_mode):
            report.refused[name] = "a link, directory or device with a subband's name"
            log.warning("%s is refused: %s", name, report.refused[name])
        elif abs(now.timestamp() - status.st_mtime) < settings.settle_seconds:
            report.settling.append(name)
        else:
            settled.append(path)
    return settled


def _take(
    path: Path,
    header: SubbandHeader | BadInput,
    ledger: Ledger,
    database: Database,
    profiles: Mapping[str, Profile],
    now: datetime,
    report: ScanReport,
) -> None:
    """Accept or quarantine one file."""
    try:
        if isinstance(header, BadInput):
            raise header
        profile = match(profiles, header.telescope)
        number = subband_number(path.name, header, profile)
    except BadInput as error:
        _quarantine(path, error, ledger, report)
        return
    groups.remember(database, profile, number, path.name, header, now)
    try:
        accepted = ledger.accept(
            SOURCE,
            path,
            subject=f"{header.group}/sb{number:02d}",
            partition=header.group,
            digest=header.digest,
            sample_time=header.first_time,
        )
    except (NotAFile, TransientError) as error:
        _refuse(path, error, report)
        return
    lists = {Outcome.NEW: report.accepted, Outcome.DUPLICATE: report.duplicates}
    lists.get(accepted.outcome, report.conflicts).append(path.name)


def subband_number(name: str, header: SubbandHeader, profile: Profile) -> int:
    """Return the number of a subband, on which its name and its frequencies have to agree.

    Raises
    ------
    WrongSubband
        If the name is not one of this telescope's, the number is too high, or the frequencies
        belong to another number.
    """
    number = profile.subbands.index_of_name(name)
    if number is None or number >= profile.subbands.count:
        raise WrongSubband(
            f"{name} is not a name of {profile.name}'s subbands",
            expected=f"{profile.subbands.name_pattern} with a number below {profile.subbands.count}",
            remedy="rename the file as the correlator does",
        )
    by_frequency = profile.subbands.index_of_frequency(header.mean_hz)
    if by_frequency is not None and by_frequency != number:
        raise WrongSubband(
            f"{name} holds another subband",
            expected=f"frequencies of sb{number:02d}",
            found=f"{header.mean_hz / 1e6:.3f} MHz, which is sb{by_frequency:02d}",
            remedy="find out which of name and content is right; rename and release",
        )
    return number


def _quarantine(path: Path, error: BadInput, ledger: Ledger, report: ScanReport) -> None:
    try:
        ledger.quarantine_arrival(SOURCE, path, error)
    except (NotAFile, TransientError) as obstacle:
        _refuse(path, obstacle, report)
        return
    report.quarantined[path.name] = str(error)
    log.warning("%s quarantined: %s", path.name, error)


def _refuse(path: Path, error: BadInput | TransientError, report: ScanReport) -> None:
    from dsa_hcal_assets.errors import DatabaseUnavailable

    if isinstance(error, DatabaseUnavailable):
        raise error
    report.refused[path.name] = str(error)
    log.warning("%s left where it is: %s", path.name, error)
