"""The ways rows of towers get into the table: ours from snapshot files, and four from rows in memory.

Every contender fills `hcal.tower_reading` of a database of its own, one month's partition with its
primary key, on the same server. Ours begins with files nobody has looked at and ends with the ledger
saying that each is loaded; the others begin with what they need already decoded.
"""

import io
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy
from numpy.typing import NDArray
from psycopg2.extras import execute_values

from benchmarks.detector_state_scene import START, TOWERS, fresh_database, write_snapshots
from dsa_hcal_assets.database.binary_copy import copy_bytes
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.hcal import rollups
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.snapshots import loading
from dsa_hcal_assets.hcal.snapshots.backfill import backfill
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport, Result
from dsa_hcal_assets.hcal.towers.snapshot_tables import TowerTables
from dsa_hcal_assets.hcal.towers.tower_rows import COPY_COLUMNS, tower_rows
from dsa_hcal_assets.ledger import Ledger

COLUMNS = ", ".join(COPY_COLUMNS)
_CHECKSUM = """
select count(*), sum(hashfloat4(temperature)::bigint), sum(hashfloat4(bias_offset)::bigint * tower_id)
from hcal.tower_reading
"""
_PAGE = 1000


@dataclass(frozen=True)
class Load:
    """What is loaded, in the form each contender begins with.

    Attributes
    ----------
    incoming
        Snapshot files.
    wire
        The rows as a binary COPY.
    tuples
        The rows as Python values.
    frame
        The rows as a table of pandas.
    """

    incoming: Path
    wire: bytes
    tuples: list[tuple[Any, ...]]
    frame: pd.DataFrame

    @property
    def rows(self) -> int:
        """Rows of towers."""
        return len(self.tuples)


def prepare(home: Path, cycles: int) -> Load:
    """Write the files and decode them for those who do not."""
    incoming = home / "incoming"
    write_snapshots(incoming, cycles)
    epoch = load_channel_map().at(START)
    read = (CONTROLLERS.read(path) for path in sorted(incoming.iterdir()))
    rows = np.concatenate([tower_rows(one, epoch).rows for one in read])
    tuples = _tuples(rows)
    return Load(incoming, copy_bytes(rows), tuples, pd.DataFrame(tuples, columns=list(COPY_COLUMNS)))


def _tuples(rows: NDArray[np.void]) -> list[tuple[Any, ...]]:
    first = datetime(2000, 1, 1, tzinfo=UTC)
    columns = [rows[name].tolist() for name in COPY_COLUMNS]
    columns[0] = [first + timedelta(microseconds=moment) for moment in columns[0]]
    columns[-2] = [label.decode() for label in columns[-2]]
    return list(zip(*columns, strict=True))


def ours(database: Database, load: Load, home: Path) -> None:
    """Accept the files into the ledger and load every day."""
    reports = _backfilled(database, load.incoming, home)
    assert sum(report.rows for report in reports) == load.rows


def copy(database: Database, load: Load, home: Path) -> None:  # noqa: ARG001
    """One binary COPY of bytes made before, one commit: no way in is faster."""
    with database.transaction() as cursor:
        cursor.copy_expert(
            f"copy hcal.tower_reading ({COLUMNS}) from stdin (format binary)", io.BytesIO(load.wire), 1 << 20
        )


def many_values(database: Database, load: Load, home: Path) -> None:  # noqa: ARG001
    """`execute_values` in pages of 1000."""
    with database.transaction() as cursor:
        statement = f"insert into hcal.tower_reading ({COLUMNS}) values %s on conflict do nothing"  # noqa: S608
        execute_values(cursor, statement, load.tuples, page_size=_PAGE)


def executemany(database: Database, load: Load, home: Path) -> None:  # noqa: ARG001
    """One statement a row."""
    places = ", ".join(["%s"] * len(COPY_COLUMNS))
    statement = f"insert into hcal.tower_reading ({COLUMNS}) values ({places}) on conflict do nothing"  # noqa: S608
    with database.transaction() as cursor:
        for start in range(0, load.rows, 10_000):  # each call has the deadline of a statement
            cursor.executemany(statement, load.tuples[start : start + 10_000])


def to_sql(database: Database, load: Load, home: Path) -> None:  # noqa: ARG001
    """`DataFrame.to_sql` as it comes; it cannot leave out what is there already."""
    engine = sqlalchemy.create_engine(database.url.replace("postgresql://", "postgresql+psycopg2://", 1))
    try:
        load.frame.to_sql("tower_reading", engine, schema="hcal", if_exists="append", index=False)
    finally:
        engine.dispose()


CONTENDERS: dict[str, tuple[Callable[[Database, Load, Path], None], int]] = {
    "ours": (ours, 3),
    "copy": (copy, 3),
    "execute_values": (many_values, 3),
    "to_sql": (to_sql, 1),
    "executemany": (executemany, 1),
}
"""Each with how often it runs; of several runs the median counts."""


@dataclass(frozen=True)
class Loaded:
    """What a contender took: wall seconds of each run, and this process's CPU seconds of the first."""

    runs: tuple[float, ...]
    cpu: float

    @property
    def seconds(self) -> float:
        """Median wall seconds."""
        return statistics.median(self.runs)


def compete(server: EmbeddedServer, home: Path, cycles: int) -> tuple[int, dict[str, Loaded]]:
    """Let all contenders load the same rows, in turn; return how many rows, and what each took."""
    load = prepare(home, cycles)
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    sums = set()
    for turn in range(max(times for _, times in CONTENDERS.values())):
        for name, (contender, times) in CONTENDERS.items():
            if turn < times:
                seconds, checksum = _run(server, f"{name}_{turn}", contender, load, home / f"{name}{turn}")
                runs[name].append(seconds)
                sums.add(checksum)
    assert len(sums) == 1, f"they did not load the same: {sums}"
    shutil.rmtree(load.incoming)
    return load.rows, {
        name: Loaded(tuple(wall for wall, _ in some), some[0][1]) for name, some in runs.items()
    }


def _run(
    server: EmbeddedServer,
    name: str,
    contender: Callable[[Database, Load, Path], None],
    load: Load,
    home: Path,
) -> tuple[tuple[float, float], tuple[Any, ...]]:
    with fresh_database(server, name) as database:
        with database.transaction() as cursor:
            cursor.execute("select hcal.ensure_month(%s)", (START,))
        began, cpu = time.perf_counter(), time.process_time()
        contender(database, load, home)
        taken = time.perf_counter() - began, time.process_time() - cpu
        return taken, database.rows(_CHECKSUM)[0]


def outage(server: EmbeddedServer, home: Path, days: int) -> dict[str, float]:
    """Backfill an outage of `days`; return wall and CPU seconds of loading, and wall seconds of rollups."""
    incoming = home / "outage"
    write_snapshots(incoming, days * 144)
    try:
        with fresh_database(server, "outage") as database:
            began, cpu = time.perf_counter(), time.process_time()
            reports = _backfilled(database, incoming, home)
            loaded, cpu = time.perf_counter() - began, time.process_time() - cpu
            assert sum(report.rows for report in reports) == days * 144 * TOWERS
            began = time.perf_counter()
            for report in reports:
                rollups.refresh(database, report.day)
            return {"load": loaded, "load_cpu": cpu, "rollups": time.perf_counter() - began}
    finally:
        shutil.rmtree(incoming)


def _backfilled(database: Database, incoming: Path, home: Path) -> list[LoadReport]:
    ledger = Ledger(database, home / "quarantine")
    tables = TowerTables(load_channel_map())

    def load_day(day: str) -> LoadReport:
        return loading.load_day(database, ledger, CONTROLLERS, tables, day, "benchmark")

    portions = list(backfill(incoming, ledger, CONTROLLERS, load_day))
    reports = [report for portion in portions for report in portion.loaded]
    assert all(one.result is Result.LOADED for report in reports for one in report.outcomes)
    assert ledger.balance()[CONTROLLERS.name].pending == 0
    return reports
