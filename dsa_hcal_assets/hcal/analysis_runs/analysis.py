"""Analyse a run: all its files, into its tables, once and whole.

Belongs here: which files count, and the one transaction that replaces what the run had. Not here: what
is computed (led.py, pedestal.py) and whether it is good (run_metrics.py).
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, ProductMissing
from dsa_hcal_assets.hcal.analysis_runs import light as lights
from dsa_hcal_assets.hcal.analysis_runs import run_tables
from dsa_hcal_assets.hcal.analysis_runs.ingest import SOURCE
from dsa_hcal_assets.hcal.analysis_runs.led import analyse_led
from dsa_hcal_assets.hcal.analysis_runs.light import Light
from dsa_hcal_assets.hcal.analysis_runs.pedestal import analyse_pedestal
from dsa_hcal_assets.hcal.analysis_runs.run_contents import Contents, Kind, RunFileMalformed, RunHeader
from dsa_hcal_assets.hcal.analysis_runs.run_file import RunFile, open_run
from dsa_hcal_assets.hcal.analysis_runs.slow_control_light import light_around
from dsa_hcal_assets.hcal.analysis_runs.tower_rows import led_rows, pedestal_rows
from dsa_hcal_assets.ledger import Arrival, Ledger, State
from dsa_hcal_assets.products.model import Input
from dsa_hcal_assets.settings.runs import RunSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class AnalysedFile:
    """One file of a run: its header and what it says about its towers (rows of the run's table)."""

    arrival: Arrival
    digest: str
    header: RunHeader
    contents: Contents
    events: int
    towers: pd.DataFrame
    light: Light | None


@dataclass(frozen=True, eq=False)
class AnalysedRun:
    """A run from all its files.

    Parameters
    ----------
    towers
        Rows of `hcal.led_run_tower` or `hcal.pedestal_run_tower`.
    light
        Light monitoring, None where there was none.
    refused
        Files that could not be used, each with the reason; they are in quarantine.
    """

    run_number: int
    kind: Kind
    contents: Contents
    started_at: datetime
    ended_at: datetime
    events: int
    towers: pd.DataFrame
    light: Light | None
    files: tuple[AnalysedFile, ...]
    refused: tuple[str, ...]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Return its files with the SHA-256 of all their bytes, for provenance."""
        return tuple(Input(one.arrival.name, one.digest) for one in self.files)


def kind_of(ledger: Ledger, partition: str) -> Kind:
    """Return whether a run is an LED or a pedestal run, from the first of its files.

    Raises
    ------
    ProductMissing
        If the run has no file.
    """
    for arrival in _arrivals(ledger, partition):
        with open_run(arrival.path) as run:
            return run.header.kind
    raise _no_file(partition)


def analyse_run(
    database: Database, ledger: Ledger, partition: str, settings: RunSettings, run_id: str
) -> AnalysedRun:
    """Analyse a run from its files and replace its rows; its files are loaded then.

    A pending file that cannot be used goes to quarantine, and the others count without it. What the
    run had before is replaced in one transaction, so readers see all of one analysis or all of
    another.

    Parameters
    ----------
    partition
        Number of the run.
    run_id
        Who analyses, for the ledger and the tables.

    Raises
    ------
    ProductMissing
        If no file of the run can be used.
    BadInput
        If a file that had been analysed before can no longer be read; the rows stay as they are.
    DatabaseUnavailable
        If the database is unreachable: retry the call.
    """
    files: list[AnalysedFile] = []
    refused = []
    for arrival in _arrivals(ledger, partition):
        try:
            files.append(_analyse_file(arrival, files, settings))
        except BadInput as error:
            if arrival.state is not State.PENDING:
                raise
            logger.warning("run file %s quarantined: %s", arrival.name, error)
            ledger.reject(arrival, error)
            refused.append(f"{arrival.name}: {error.what}")
    if not files:
        raise _no_file(partition)
    run = _joined(database, int(partition), files, refused, settings)
    with database.transaction() as cursor:
        run_tables.replace(cursor, run, settings, run_id)
        ledger.mark_loaded(cursor, [one.arrival for one in files], run_id)
    logger.info("analysed %s run %d: %d towers", run.kind, run.run_number, len(run.towers))
    return run


def _arrivals(ledger: Ledger, partition: str) -> list[Arrival]:
    found = [one for one in ledger.of_partition(SOURCE, partition) if one.state is not State.QUARANTINED]
    return sorted(found, key=lambda one: one.arrival_id)


def _analyse_file(arrival: Arrival, others: Sequence[AnalysedFile], settings: RunSettings) -> AnalysedFile:
    with open_run(arrival.path) as run:
        _require_fitting(arrival, run, others)
        light = lights.measured(run.light) if run.light is not None else None
        if run.header.kind == "led":
            towers = led_rows(run.header, analyse_led(run, settings), light, settings)
        else:
            towers = pedestal_rows(run.header, analyse_pedestal(run, settings), settings)
        return AnalysedFile(arrival, _sha256(arrival), run.header, run.contents, run.events, towers, light)


def _require_fitting(arrival: Arrival, run: RunFile, others: Sequence[AnalysedFile]) -> None:
    """Refuse a file that changed since it was accepted, or that does not go with the others of its run."""
    if str(run.header.run_number) != arrival.partition:
        raise RunFileMalformed(
            f"{arrival.name} changed after it was accepted",
            expected=f"run {arrival.partition}",
            found=f"run {run.header.run_number}",
        )
    for other in others:
        if (run.header.kind, run.contents) != (other.header.kind, other.contents):
            raise RunFileMalformed(
                f"{arrival.name} does not go with {other.arrival.name} of the same run",
                expected=f"{other.contents} of a {other.header.kind} run",
                found=f"{run.contents} of a {run.header.kind} run",
            )
        if twice := len(np.intersect1d(run.tower_id, other.towers["tower_id"])):
            raise RunFileMalformed(f"{arrival.name}: {twice} towers that {other.arrival.name} has too")


def _joined(
    database: Database,
    run_number: int,
    files: Sequence[AnalysedFile],
    refused: Sequence[str],
    settings: RunSettings,
) -> AnalysedRun:
    started_at = min(one.header.started_at for one in files)
    ended_at = max(one.header.ended_at for one in files)
    light = lights.joined([one.light for one in files if one.light is not None])
    towers = pd.concat([one.towers for one in files], ignore_index=True).sort_values("tower_id")
    if light is None:
        window = timedelta(minutes=settings.slow_control_minutes)
        light = light_around(database, started_at, ended_at, window)
        if light is not None and files[0].header.kind == "led":
            towers["light"], towers["light_error"] = light.of_towers(towers["tower_id"].to_numpy())
    return AnalysedRun(
        run_number,
        files[0].header.kind,
        files[0].contents,
        started_at,
        ended_at,
        max(one.events for one in files),
        towers,
        light,
        tuple(files),
        tuple(refused),
    )


def _sha256(arrival: Arrival) -> str:
    if not arrival.digest.startswith("sampled-"):
        return arrival.digest
    with arrival.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _no_file(partition: str) -> ProductMissing:
    return ProductMissing(
        f"run {partition} has no file that can be used",
        remedy="deliver its files into incoming/runs; `dsa-hcal quarantine list` shows refused ones",
    )
