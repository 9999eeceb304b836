"""Tables of LED and pedestal runs: replaced run by run, read as frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.frame_copy import copy_frame
from dsa_hcal_assets.hcal.analysis_runs.light import Light
from dsa_hcal_assets.hcal.analysis_runs.run_contents import Kind
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.settings.runs import RunSettings

if TYPE_CHECKING:
    from dsa_hcal_assets.hcal.analysis_runs.analysis import AnalysedRun

TABLES: dict[Kind, str] = {"led": "led_run_tower", "pedestal": "pedestal_run_tower"}

_INSERT_RUN = """
insert into hcal.analysis_run (run_number, kind, started_at, ended_at, contents, arrival_ids, events, towers,
                               parameters, run_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_INSERT_LIGHT = """
insert into hcal.led_run_light (run_number, half_sector, led_mask, pindiode, pindiode_error, led_width,
                                led_intensity, source) values %s
"""
_LIGHT = "(%s, %s, %s, %s::real[], %s::real[], %s::smallint[], %s::smallint[], %s)"
_RUNS = """
select run_number, kind, started_at, ended_at, contents, events, towers, level from hcal.analysis_run
where kind = coalesce(%s, kind) order by started_at desc, run_number desc limit %s
"""
_TOWERS = sql.SQL("select {columns} from {table} where run_number = %s order by tower_id")
_DIODES = "select half_sector, pindiode, pindiode_error from hcal.led_run_light where run_number = %s"
_LED_COLUMNS = (
    "tower_id",
    "at",
    "n",
    "led_mean",
    "led_std",
    "led_error",
    "stability",
    "outliers",
    "saturated",
    "light",
    "light_error",
    "status",
)
_PEDESTAL_COLUMNS = (
    "tower_id",
    "at",
    "n",
    "pedestal_mean",
    "pedestal_std",
    "pedestal_error",
    "event_std",
    "stability",
    "outliers",
    "status",
)
_COLUMNS: dict[Kind, tuple[str, ...]] = {"led": _LED_COLUMNS, "pedestal": _PEDESTAL_COLUMNS}


@dataclass(frozen=True)
class StoredRun:
    """A run that was analysed; `level` is its worst verdict, None until it is judged."""

    run_number: int
    kind: Kind
    started_at: datetime
    ended_at: datetime
    contents: str
    events: int
    towers: int
    level: str | None


def replace(cursor: Cursor, run: "AnalysedRun", settings: RunSettings, run_id: str) -> None:
    """Write a run in the place of what it had, in the caller's transaction; it is not judged yet."""
    cursor.execute("select pg_advisory_xact_lock(hashtext('hcal.analysis_run'), %s)", (run.run_number,))
    cursor.execute("delete from hcal.analysis_run where run_number = %s", (run.run_number,))
    row = (
        run.run_number,
        run.kind,
        run.started_at,
        run.ended_at,
        run.contents,
        [one.arrival.arrival_id for one in run.files],
        run.events,
        len(run.towers),
        Json(settings.model_dump(mode="json")),
        run_id,
    )
    cursor.execute(_INSERT_RUN, row)
    copy_frame(cursor, "hcal", TABLES[run.kind], run.towers)
    if run.light is not None:
        execute_values(cursor, _INSERT_LIGHT, list(_light_rows(run.run_number, run.light)), template=_LIGHT)


def judged(database: Database, run_number: int, level: Level) -> None:
    """Store the worst verdict on a run."""
    with database.transaction() as cursor:
        cursor.execute(
            "update hcal.analysis_run set level = %s where run_number = %s", (level.value, run_number)
        )


def stored_runs(database: Database, kind: Kind | None = None, limit: int = 50) -> list[StoredRun]:
    """Return the runs that were analysed, newest first."""
    return [StoredRun(*row) for row in database.rows(_RUNS, (kind, limit))]


def towers_of_run(database: Database, kind: Kind, run_number: int) -> pd.DataFrame:
    """Return the towers of a run in order of `tower_id`; no row if there is no such run."""
    columns = _COLUMNS[kind]
    statement = _TOWERS.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=sql.Identifier("hcal", TABLES[kind])
    )
    with database.transaction() as cursor:
        cursor.execute(statement, (run_number,))
        frame = pd.DataFrame(cursor.fetchall(), columns=list(columns))
    reals = [name for name in columns if name not in ("tower_id", "at", "n", "status")]
    return frame.astype(dict.fromkeys(reals, "float64"))


def diodes_of_run(database: Database, run_number: int) -> dict[int, tuple[list[float], list[float]]]:
    """Return mean and uncertainty of the five PIN diodes by half-sector."""
    return {half: (mean, error) for half, mean, error in database.rows(_DIODES, (run_number,))}


def _light_rows(run_number: int, light: Light) -> Iterator[tuple[Any, ...]]:
    for place, half_sector in enumerate(light.half_sector):
        yield (
            run_number,
            int(half_sector),
            _whole(light.led_mask[place : place + 1])[0],
            [float(value) for value in light.pindiode[place]],
            [float(value) for value in light.pindiode_error[place]],
            _whole(light.led_width[place]),
            _whole(light.led_intensity[place]),
            light.source,
        )


def _whole(values: np.ndarray) -> list[int | None]:
    return [None if np.isnan(value) else int(value) for value in values]
