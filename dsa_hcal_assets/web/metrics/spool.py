"""Acquisition's spool: what waits to be loaded, and what acquisitions say of themselves."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import Metric

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.acquisition.note import read_note
from dsa_hcal_assets.hcal.snapshots import spool
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.web.context import Web


class SpoolMetrics:
    """What waits in the directories below `incoming` that have snapshot files."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._spools: dict[Path, spool.Spool] = {}

    def read(self) -> list[Metric]:
        """Return the metrics; which files are loaded only the database knows."""
        found = {
            (directory.name,): self._spool(directory).waiting(utc_now())
            for directory in spool.sources(self._web.settings.incoming)
        }
        return [
            catalogue.SPOOL_FILES.family({source: one.files for source, one in found.items()}),
            catalogue.SPOOL_BYTES.family({source: one.size for source, one in found.items()}),
            catalogue.SPOOL_OLDEST.family({source: one.oldest_seconds for source, one in found.items()}),
        ]

    def _spool(self, directory: Path) -> spool.Spool:
        if directory not in self._spools:
            reader = self._web.reader
            ledger = Ledger(reader, self._web.settings.quarantine)
            self._spools[directory] = spool.Spool(directory, reader, ledger)
        return self._spools[directory]


def acquisition_notes(incoming: Path) -> Iterator[Metric]:
    """Yield what acquisitions said after their last cycle; the database is not needed."""
    directories = spool.sources(incoming)
    notes = {(one.name,): note for one in directories if (note := read_note(one)) is not None}
    now = utc_now()
    yield catalogue.ACQUISITION_SILENT.family(
        {source: (now - note.at).total_seconds() for source, note in notes.items()}
    )
    yield catalogue.ACQUISITION_UNSAVED.family({source: note.waiting for source, note in notes.items()})
    yield catalogue.ACQUISITION_LIMIT.family({source: note.limit for source, note in notes.items()})
    yield catalogue.ACQUISITION_GIVEN_UP.family({source: note.given_up for source, note in notes.items()})
    yield catalogue.ACQUISITION_BOARDS.family(
        {(*source, status): count for source, note in notes.items() for status, count in note.boards.items()}
    )
