"""New subbands into the ledger, bad ones into quarantine, groups into their state: one look after another."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, DatabaseUnavailable, TransientError
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import NotAFile, Outcome
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets.radio.ingest.child import HeaderReaders
from dsa_hcal_assets.radio.ingest.completeness import decide_overdue, refresh_changed
from dsa_hcal_assets.radio.ingest.errors import WrongSubband
from dsa_hcal_assets.radio.ingest.forming import Forming, FormingGroups
from dsa_hcal_assets.radio.ingest.groups import SOURCE, Fact, ObservationGroup
from dsa_hcal_assets.radio.ingest.header import SubbandHeader
from dsa_hcal_assets.radio.ingest.incoming import Clock, IncomingDirectory
from dsa_hcal_assets.radio.profiles.loading import match
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.settings.radio import RadioSettings

log = logging.getLogger(__name__)

# Files whose headers are read before they are entered into the ledger: what a kill makes to be read again.
PIECE = 64


@dataclass
class ScanReport:
    """What one look did, by names of files, and the groups it changed, in their new state."""

    accepted: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # not a regular file, or not readable now
    settling: list[str] = field(default_factory=list)
    left: int = 0  # new files beyond this look's batch and time
    forming: list[Forming] = field(default_factory=list)  # names without a header yet
    changed: list[ObservationGroup] = field(default_factory=list)  # got or lost subbands
    decided: list[ObservationGroup] = field(default_factory=list)  # partial or failed since now


class SubbandWatch:
    """Takes subband files from a directory into the ledger; one object a process, kept between looks.

    Only files with a subband's name are looked at, only those that ceased to grow are read, and one
    that cannot be used never holds up another. All it remembers can be forgotten: a new one starts
    from the ledger. Safe to interrupt at any point.

    Parameters
    ----------
    clock
        Monotonic seconds by which files settle.
    """

    def __init__(
        self,
        incoming: Path,
        ledger: Ledger,
        database: Database,
        profiles: Mapping[str, Profile],
        settings: RadioSettings,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._database = database
        self._profiles = profiles
        self._settings = settings
        self._directory = IncomingDirectory(incoming, self._is_subband, settings.settle_seconds, clock=clock)
        self._forming = FormingGroups(database, profiles, settings.name_tolerance_seconds)
        self._readers = HeaderReaders()

    def look(self, now: datetime) -> ScanReport:
        """Take what is new and settled, bring the groups up to date, and say what happened.

        Costs one look at the directory's time stamp and two short queries when nothing happened.

        Raises
        ------
        DatabaseUnavailable
            If the database cannot be reached; files stay where they are for the next look.
        FileNotFoundError
            If there is no incoming directory.
        """
        until = time.monotonic() + self._settings.scan_seconds
        report = ScanReport()
        ready = self._directory.look(
            lambda names: self._ledger.unknown(SOURCE, names), self._settings.scan_batch
        )
        for name, reason in ready.refused.items():
            report.refused[name] = reason
            log.warning("%s is refused: %s", name, reason)
        report.settling = ready.settling
        taken = self._take_all(ready.paths, until, now, report)
        report.left = ready.left + len(ready.paths) - taken
        report.forming = self._forming.note([*ready.settling, *_names(ready.paths[taken:])], now)
        report.changed = refresh_changed(self._database, self._ledger, now)
        report.decided = decide_overdue(self._database, self._settings, now)
        for group in report.decided:
            log.warning(
                "group %s is %s: %d of %d subbands", group.key, group.state, group.found, group.expected
            )
        return report

    def close(self) -> None:
        """End the header reader; the next look starts a new one."""
        self._readers.close()

    def _is_subband(self, name: str) -> bool:
        return any(one.subbands.index_of_name(name) is not None for one in self._profiles.values())

    def _take_all(self, paths: Sequence[Path], until: float, now: datetime, report: ScanReport) -> int:
        """Take files in turn while there is time; return how many were."""
        taken = 0
        while taken < len(paths) and time.monotonic() < until:
            piece = paths[taken : taken + PIECE]
            headers = self._readers.read(piece, seconds_a_file=self._settings.header_seconds, until=until)
            known = [
                (path, fact)
                for path, header in zip(piece, headers, strict=False)
                if (fact := self._identify(path, header, report)) is not None
            ]
            groups.remember(self._database, [fact for _, fact in known], now)
            for path, fact in known:
                self._accept(path, fact, report)
            taken += len(headers)
        return taken

    def _identify(self, path: Path, header: SubbandHeader | BadInput, report: ScanReport) -> Fact | None:
        """Return whose subband a file is; one that is nobody's goes to quarantine."""
        try:
            if isinstance(header, BadInput):
                raise header
            profile = match(self._profiles, header.telescope)
            return Fact(profile, subband_number(path.name, header, profile), path.name, header)
        except BadInput as error:
            self._quarantine(path, error, report)
            return None

    def _accept(self, path: Path, fact: Fact, report: ScanReport) -> None:
        header = fact.header
        try:
            accepted = self._ledger.accept(
                SOURCE,
                path,
                subject=f"{header.group}/sb{fact.number:02d}",
                partition=header.group,
                digest=header.digest,
                sample_time=header.first_time,
            )
        except (NotAFile, TransientError) as error:
            self._refuse(path, error, report)
            return
        lists = {Outcome.NEW: report.accepted, Outcome.DUPLICATE: report.duplicates}
        lists.get(accepted.outcome, report.conflicts).append(path.name)
        self._directory.done(path.name, gone=accepted.outcome is Outcome.CONFLICT)

    def _quarantine(self, path: Path, error: BadInput, report: ScanReport) -> None:
        try:
            self._ledger.quarantine_arrival(SOURCE, path, error)
        except (NotAFile, TransientError) as obstacle:
            self._refuse(path, obstacle, report)
            return
        report.quarantined[path.name] = str(error)
        self._directory.done(path.name, gone=True)
        log.warning("%s quarantined: %s", path.name, error)

    def _refuse(self, path: Path, error: BadInput | TransientError, report: ScanReport) -> None:
        if isinstance(error, DatabaseUnavailable):
            raise error
        report.refused[path.name] = str(error)
        self._directory.refuse(path.name)
        log.warning("%s left where it is: %s", path.name, error)


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


def _names(paths: Sequence[Path]) -> list[str]:
    return [path.name for path in paths]
