"""Rows of accepted files into `rig.delivered`, each to its own day.

Belongs here: the transaction that makes rows and ledger agree, and reading a day back as it was
delivered. Not here: which rows are good (cleaning).

Every row of every file is kept as delivered, under (file, row): loading again changes nothing, and
duplicates and missing values are still there to be counted.
"""

import csv
import io
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger import Arrival, Ledger, State
from dsa_hcal_assets.rig import SOURCE
from dsa_hcal_assets.rig.readings import QUANTITIES, RawFile, RigFileUnavailable, read_file

logger = logging.getLogger(__name__)

_STAGE = """
create temporary table delivered_stage (like rig.delivered) on commit drop;
"""
_COPY = "copy delivered_stage from stdin (format csv)"
_MERGE = """
insert into rig.delivered select * from delivered_stage on conflict do nothing;
insert into rig.file_day
select arrival_id, day, count(*) from delivered_stage group by arrival_id, day
on conflict do nothing
"""
_RAW = """
select read_at, temperature, pressure, uptime
  from rig.delivered where day = %s order by arrival_id, row_number
"""
_FILES = """
select arrival_id, name, digest from rig.file_day join platform.arrival using (arrival_id)
 where day = %s order by arrival_id
"""


class RigFileChanged(BadInput):
    """A file's bytes are not those that were accepted."""


@dataclass
class LoadReport:
    """What loading a day did.

    Parameters
    ----------
    day
        The partition that was asked for.
    loaded
        Files whose rows are in the database now, those loaded before among them.
    rejected
        Files sent to quarantine because their bytes changed after they were accepted.
    days
        All days that got rows of these files.
    """

    day: str
    loaded: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    days: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class RawDay:
    """The rows delivered for a day.

    Parameters
    ----------
    frame
        Columns timestamp (UTC), temperature, pressure, uptime; in the order of delivery; missing
        values are NaT and NaN.
    files
        (name, SHA-256) of the files the rows came in, oldest first.
    through
        Ledger id of the newest of them; 0 without files.
    """

    day: str
    frame: pd.DataFrame
    files: tuple[tuple[str, str], ...]
    through: int


def load_day(database: Database, ledger: Ledger, day: str, run_id: str) -> LoadReport:
    """Load all files that have rows for `day`; each file and its ledger row in one transaction.

    Files of the day's own partition are loaded, again if need be; so are pending files of earlier
    partitions that reach into the day, with all their rows.

    Raises
    ------
    RigFileUnavailable
        If a pending file could not be read now; the others are loaded.
    DatabaseUnavailable
        If the database cannot be reached; files already loaded stay loaded.
    """
    report = LoadReport(day)
    unavailable: RigFileUnavailable | None = None
    for arrival in _candidates(ledger, day):
        try:
            raw = _read_accepted(arrival)
        except BadInput as error:
            _refuse(ledger, arrival, error, report)
        except RigFileUnavailable as error:
            # The rows of a file that is loaded are in the database, with or without the file.
            logger.warning("%s", error)
            if arrival.state is State.PENDING:
                unavailable = error
        else:
            if arrival.partition == day or day in raw.days:
                with database.transaction() as cursor:
                    _insert(cursor, arrival, raw)
                    ledger.mark_loaded(cursor, [arrival], run_id)
                report.loaded.append(arrival.name)
                report.days.update(raw.days)
    if unavailable is not None:
        raise unavailable
    return report


def raw_day(database: Database, day: str) -> RawDay:
    """Return the rows delivered for `day`, empty when there are none."""
    with database.transaction() as cursor:
        cursor.execute("set transaction isolation level repeatable read read only")
        cursor.execute(_RAW, (day,))
        rows = cursor.fetchall()
        cursor.execute(_FILES, (day,))
        files = cursor.fetchall()
    frame = pd.DataFrame(rows, columns=["timestamp", *QUANTITIES])
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True).astype("datetime64[us, UTC]")
    frame = frame.astype(dict.fromkeys(QUANTITIES, "float64"))
    return RawDay(
        day=day,
        frame=frame,
        files=tuple((name, digest) for _, name, digest in files),
        through=max((arrival_id for arrival_id, _, _ in files), default=0),
    )


def _candidates(ledger: Ledger, day: str) -> Iterator[Arrival]:
    yield from ledger.of_partition(SOURCE, day)
    for arrival in ledger.pending(SOURCE):
        if arrival.partition and arrival.partition < day:
            yield arrival


def _read_accepted(arrival: Arrival) -> RawFile:
    raw = read_file(arrival.path)
    if raw.digest != arrival.digest:
        raise RigFileChanged(
            f"{arrival.name} changed after it was accepted",
            expected=f"SHA-256 {arrival.digest}",
            found=f"SHA-256 {raw.digest}",
            remedy="deliver the changed content under a new name",
        )
    return raw


def _refuse(ledger: Ledger, arrival: Arrival, error: BadInput, report: LoadReport) -> None:
    logger.warning("%s", error)
    if arrival.state is State.PENDING:
        ledger.reject(arrival, error)
        report.rejected.append(arrival.name)


def _insert(cursor: Cursor, arrival: Arrival, raw: RawFile) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    frame = raw.frame
    stamps = [None if moment is pd.NaT else moment.isoformat() for moment in frame["timestamp"]]
    columns = [frame[column].tolist() for column in QUANTITIES]
    for number, day, moment, *values in zip(frame.index, raw.row_days, stamps, *columns, strict=True):
        known = [None if math.isnan(value) else value for value in values]
        writer.writerow([arrival.arrival_id, number, day, moment, *known])
    buffer.seek(0)
    cursor.execute(_STAGE)
    cursor.copy_expert(_COPY, buffer)
    cursor.execute(_MERGE)
