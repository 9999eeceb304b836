"""One look at incoming Measurement Sets: whole ones into the ledger, bad ones into quarantine."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, DatabaseUnavailable, PlatformError, TransientError
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import Form, NotAFile, Outcome
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.radio.archive import reference
from dsa_hcal_assets.radio.archive.catalogue import is_set_name
from dsa_hcal_assets.radio.archive.errors import ArchiveChanged, HalfCopied
from dsa_hcal_assets.radio.archive.facts import SetFacts
from dsa_hcal_assets.radio.archive.reference import Reference
from dsa_hcal_assets.radio.archive.rivals import from_subbands
from dsa_hcal_assets.radio.archive.stillness import Stillness
from dsa_hcal_assets.radio.profiles.loading import match
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.settings.radio import RadioSettings

log = logging.getLogger(__name__)

SOURCE = "ms"
# Sets opened in one look, and how long one that cannot be used yet is left alone.
MOST_AT_ONCE = 20
TRY_AGAIN = timedelta(seconds=30)

Reader = Callable[[Sequence[Path]], Sequence[SetFacts | PlatformError]]


@dataclass
class ScanReport:
    """What one look did, by names in the incoming directory."""

    accepted: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)  # still arriving, locked, or not readable now


@dataclass(frozen=True)
class Candidate:
    """Something in the incoming directory that may be opened: a set, or a reference to one."""

    path: Path
    reference: Reference | None

    @property
    def ms(self) -> Path:
        """The set itself."""
        return self.path if self.reference is None else self.reference.path


@dataclass(frozen=True)
class ArchiveScan:
    """Takes what is new in a directory into the ledger; safe to repeat and to interrupt.

    Parameters
    ----------
    read
        Reads the facts of sets where a crash costs nothing: an answer or an error for each.
    stillness
        What this process has seen so far: the same object at every look.
    """

    incoming: Path
    database: Database
    ledger: Ledger
    products: ProductStore
    profiles: Mapping[str, Profile]
    settings: RadioSettings
    read: Reader
    stillness: Stillness

    def look(self, now: datetime) -> ScanReport:
        """Look once.

        Raises
        ------
        DatabaseUnavailable
            If the database cannot be reached; everything stays where it is for the next look.
        """
        report = ScanReport()
        paths = [self.incoming / name for name in self.ledger.unknown(SOURCE, _names(self.incoming))]
        self.stillness.forget_all_but(paths)
        ready = [one for path in paths if (one := self._candidate(path, now, report)) is not None]
        batch = ready[:MOST_AT_ONCE]
        answers = self.read([one.ms for one in batch]) if batch else ()
        for candidate, answer in zip(batch, answers, strict=True):
            self._judge(candidate, answer, now, report)
        return report

    def _candidate(self, path: Path, now: datetime, report: ScanReport) -> Candidate | None:
        """Return what may be opened now; what may not is in the report."""
        try:
            if path.name.endswith(reference.SUFFIX):
                candidate = Candidate(path, Reference.read(path))
            elif self.stillness.lasts(path, now) < timedelta(seconds=self.settings.settle_seconds):
                report.waiting[path.name] = "still arriving"
                return None
            else:
                candidate = Candidate(path, None)
        except (NotAFile, TransientError) as error:
            _wait(path, error, report)
            return None
        except BadInput as error:
            self._quarantine(path, Form.FILE, error, report)
            return None
        return None if self.stillness.is_put_off(path, now) else candidate

    def _judge(
        self, candidate: Candidate, answer: SetFacts | PlatformError, now: datetime, report: ScanReport
    ) -> None:
        """Accept, quarantine or leave one candidate; none holds up another."""
        form = Form.TREE if candidate.reference is None else Form.FILE
        try:
            if isinstance(answer, PlatformError):
                raise answer
            self._accept(candidate, answer, form, report)
        except (HalfCopied, NotAFile, TransientError) as error:
            if isinstance(error, HalfCopied) and self._given_up(candidate, now):
                self._quarantine(candidate.path, form, error, report)
            else:
                self.stillness.put_off(candidate.path, now + TRY_AGAIN)
                _wait(candidate.path, error, report)
        except BadInput as error:
            self._quarantine(candidate.path, form, error, report)

    def _accept(self, candidate: Candidate, facts: SetFacts, form: Form, report: ScanReport) -> None:
        if candidate.reference is not None and candidate.reference.digest != facts.digest:
            raise ArchiveChanged(
                f"{candidate.ms} is not what was announced",
                expected=f"identity {candidate.reference.digest}",
                found=f"identity {facts.digest}",
                remedy="announce the archive again",
            )
        match(self.profiles, facts.telescope)
        key = group_key(facts.first)
        converted = from_subbands(self.database, self.products, key)
        if converted is not None:
            converted.require_same(facts)
        accepted = self.ledger.accept(
            SOURCE,
            candidate.path,
            subject=key,
            partition=key,
            digest=facts.digest,
            sample_time=facts.first,
            form=form,
        )
        if converted is not None and accepted.outcome is Outcome.NEW:
            # a copy of our own product: its effect is there already
            with self.database.transaction() as cursor:
                self.ledger.mark_loaded(cursor, [accepted.arrival], converted.run_id)
        lists = {Outcome.NEW: report.accepted, Outcome.DUPLICATE: report.duplicates}
        lists.get(accepted.outcome, report.conflicts).append(candidate.path.name)

    def _given_up(self, candidate: Candidate, now: datetime) -> bool:
        # what an archive announced was whole: nobody is copying it
        patience = timedelta(hours=self.settings.collect_hours)
        return candidate.reference is not None or self.stillness.lasts(candidate.ms, now) >= patience

    def _quarantine(self, path: Path, form: Form, error: BadInput, report: ScanReport) -> None:
        try:
            self.ledger.quarantine_arrival(SOURCE, path, error, form=form)
        except (NotAFile, TransientError) as obstacle:
            _wait(path, obstacle, report)
            return
        report.quarantined[path.name] = str(error)
        log.warning("%s quarantined: %s", path.name, error)


def _names(incoming: Path) -> list[str]:
    with os.scandir(incoming) as entries:
        return [
            entry.name
            for entry in entries
            if is_set_name(entry.name)
            or (entry.name.endswith(reference.SUFFIX) and not entry.name.startswith("."))
        ]


def _wait(path: Path, error: PlatformError, report: ScanReport) -> None:
    if isinstance(error, DatabaseUnavailable):
        raise error
    report.waiting[path.name] = str(error)
    log.warning("%s left where it is: %s", path.name, error)
