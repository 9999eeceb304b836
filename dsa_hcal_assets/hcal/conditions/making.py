"""The payload files of a day: a ROOT and a Parquet file for each detector and interval of validity.

Belongs here: writing them into a directory, with an index. Not here: making them known (registry.py).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions import content, files
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.files import Facts

INDEX = "payloads.json"


@dataclass(frozen=True)
class Entry:
    """One payload in the index of its directory. Times are ISO UTC, files relative to it."""

    detector: int
    valid_from: str
    valid_until: str
    root_file: str
    root_sha256: str
    parquet_file: str
    parquet_sha256: str
    towers: int
    correction_set: int | None


@dataclass(frozen=True)
class Made:
    """A payload just written: its index entry, and the rows it was written from."""

    entry: Entry
    facts: Facts
    towers: pd.DataFrame


def make_files(
    database: Database,
    day: str | date,
    place: Path,
    calorimeters: Iterable[Calorimeter] = Calorimeter,
    *,
    max_age: timedelta,
) -> list[Made]:
    """Write the files of a UTC day and their index.

    A detector that was not read that day has none. `max_age`: how far from a reading its state counts.
    """
    made = [one for calorimeter in calorimeters for one in _made(database, calorimeter, day, place, max_age)]
    records = [asdict(one.entry) for one in made]
    (place / INDEX).write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return made


def read_index(directory: Path) -> list[Entry]:
    """Return the index that `make_files` wrote."""
    return [Entry(**record) for record in json.loads((directory / INDEX).read_text("utf-8"))]


def _made(
    database: Database, calorimeter: Calorimeter, day: str | date, place: Path, max_age: timedelta
) -> Iterator[Made]:
    correction_set = content.correction_set_of(database, day)
    cycles = content.cycles_of(database, calorimeter, day)
    for validity in content.intervals_of_day(
        database, calorimeter, day, max_age=max_age, correction_set=correction_set
    ):
        towers = content.content(database, calorimeter, validity, cycles, correction_set)
        facts = Facts.of(calorimeter, validity, correction_set)
        yield Made(_write(place, towers, facts), facts, towers)


def _write(place: Path, towers: pd.DataFrame, facts: Facts) -> Entry:
    root, parquet = place / f"{facts.stem}.root", place / f"{facts.stem}.parquet"
    files.write_root(root, towers, facts)
    files.write_parquet(parquet, towers, facts)
    return Entry(
        facts.detector,
        facts.valid_from.isoformat(),
        facts.valid_until.isoformat(),
        root.name,
        files.sha256(root),
        parquet.name,
        files.sha256(parquet),
        len(towers),
        None if facts.correction_set == files.UNCORRECTED else facts.correction_set,
    )
