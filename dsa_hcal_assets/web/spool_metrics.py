"""Acquisition's spool as Prometheus metrics: what waits to be loaded, what acquisitions say."""

import logging
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.hcal.acquisition.note import AcquisitionNote, read_note
from dsa_hcal_assets.hcal.snapshots import spool
from dsa_hcal_assets.ledger import Ledger

_SPOOL, _SAID = "dsa_hcal_spool", "dsa_hcal_acquisition"

logger = logging.getLogger(__name__)


class SpoolCollector(Collector):
    """Collects what waits in the directories below `incoming` that have snapshot files.

    Without the database what acquisitions say is still there; what waits to be loaded is not, and is
    not shown as zero.
    """

    def __init__(self, incoming: Path, database: Database, ledger: Ledger) -> None:
        self._incoming, self._database, self._ledger = incoming, database, ledger
        self._spools: dict[Path, spool.Spool] = {}

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not look."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of this moment."""
        directories = list(spool.sources(self._incoming))
        try:
            yield from self._waiting(directories)
        except (DatabaseUnavailable, psycopg2.Error) as error:
            logger.warning("what waits to be loaded is not known: %s", error)
        notes = {one.name: note for one in directories if (note := read_note(one)) is not None}
        yield from _said(notes)

    def _waiting(self, directories: list[Path]) -> list[Metric]:
        files = _family("files", "Snapshot files that are not loaded yet", _SPOOL)
        size = _family("bytes", "Size of the snapshot files that are not loaded yet", _SPOOL)
        oldest = _family("oldest_seconds", "How long the oldest of them has been waiting", _SPOOL)
        for directory in directories:
            if directory not in self._spools:
                self._spools[directory] = spool.Spool(directory, self._database, self._ledger)
            found = self._spools[directory].waiting(utc_now())
            files.add_metric([directory.name], found.files)
            size.add_metric([directory.name], found.size)
            oldest.add_metric([directory.name], found.oldest_seconds)
        return [files, size, oldest]


def _said(notes: dict[str, AcquisitionNote]) -> Iterator[Metric]:
    now = utc_now()
    silent = _family("silent_seconds", "Time since the acquisition finished a cycle")
    unsaved = _family("unsaved_snapshots", "Snapshots in memory that could not be written yet")
    limit = _family("unsaved_limit", "How many snapshots may wait in memory")
    given_up = _family("given_up_snapshots", "Snapshots lost since the acquisition started")
    for source, note in notes.items():
        silent.add_metric([source], (now - note.at).total_seconds())
        unsaved.add_metric([source], note.waiting)
        limit.add_metric([source], note.limit)
        given_up.add_metric([source], note.given_up)
    yield from (silent, unsaved, limit, given_up)
    boards = GaugeMetricFamily(
        f"{_SAID}_boards", "Boards by status in the last cycle", labels=["source", "status"]
    )
    for source, note in notes.items():
        for status, count in note.boards.items():
            boards.add_metric([source, status], count)
    yield boards


def _family(name: str, text: str, prefix: str = _SAID) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{prefix}_{name}", text, labels=["source"])
