"""Payload files of a day, and the rows that make them known.

A day's files are made into one directory with an index of them (`make_files`); once that is a published
product that passed its checks, `register` makes the files known, and `payload_at` finds the one that a tag
means. What is registered never changes (triggers in `sql/`).
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from psycopg2.extras import execute_values

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, PermanentError
from dsa_hcal_assets.hcal.conditions import content, files
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.files import Facts
from dsa_hcal_assets.products import Product

INDEX = "payloads.json"
KIND = "conditions_payload"

_INSERT = """
insert into hcal.payload (detector, valid_from, valid_until, product_id, root_file, root_sha256, parquet_file,
                          parquet_sha256, towers, correction_set)
values %s returning payload_id
"""
_LAST_OF_DAY = """
select p.detector, p.valid_from, p.valid_until, p.parquet_sha256 from hcal.payload p
where p.product_id = (
    select max(p.product_id) from hcal.payload p join platform.product d using (product_id)
    where d.kind = %s and d.partition = %s
)
"""
_AT = """
select payload_id, valid_from, valid_until, directory, root_file, root_sha256, parquet_file, parquet_sha256
from hcal.payload_at(%s, %s, %s)
"""


class NoPayload(PermanentError):
    """A tag has no payload for a detector at a time."""


class PayloadDamaged(BadInput):
    """A payload file is not the one that was registered."""


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


@dataclass(frozen=True)
class Payload:
    """A registered payload. `directory` is relative to the product tree, times are naive UTC."""

    payload_id: int
    valid_from: datetime
    valid_until: datetime
    directory: str
    root_file: str
    root_sha256: str
    parquet_file: str
    parquet_sha256: str

    def export(self, products: Path, into: Path) -> list[Path]:
        """Copy both files, verified, from the product tree into a directory; return their paths.

        Raises
        ------
        PayloadDamaged
            If a file is gone or differs from what was registered; it is not copied.
        """
        into.mkdir(parents=True, exist_ok=True)
        wanted = {self.root_file: self.root_sha256, self.parquet_file: self.parquet_sha256}
        for name, checksum in wanted.items():
            path = products / self.directory / name
            found = _sha256(path) if path.is_file() else "no file"
            if found != checksum:
                raise PayloadDamaged(
                    f"payload {self.payload_id}: {path} is not what was registered",
                    expected=f"sha256 {checksum}",
                    found=found,
                    remedy="restore the product tree; `dsa-hcal status` names damaged products",
                )
        return [Path(shutil.copy(products / self.directory / name, into)) for name in wanted]


def make_files(
    database: Database,
    day: str | date,
    place: Path,
    calorimeters: Iterable[Calorimeter] = Calorimeter,
    *,
    max_age: timedelta,
) -> list[Made]:
    """Write ROOT and Parquet of each detector and interval of validity of a UTC day, and their index.

    A detector that was not read that day has none. `max_age`: how far from a reading its state counts.
    """
    correction_set = content.correction_set_of(database, day)
    made = [
        _make(database, calorimeter, day, place, max_age=max_age, correction_set=correction_set)
        for calorimeter in calorimeters
    ]
    payloads = [one for of_detector in made for one in of_detector]
    records = [asdict(one.entry) for one in payloads]
    (place / INDEX).write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return payloads


def register(database: Database, product: Product) -> list[int]:
    """Make the payloads of a published product known; return their numbers.

    A product that says exactly what the day's last registered one says adds nothing, so that making a day
    again is no new version of it.
    """
    entries = [Entry(**record) for record in json.loads((product.path / INDEX).read_text("utf-8"))]
    with database.transaction() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('hcal.payload'))")
        cursor.execute(_LAST_OF_DAY, (product.kind, product.partition))
        known = {(detector, start, end, digest) for detector, start, end, digest in cursor.fetchall()}
        if known == {_identity(entry) for entry in entries}:
            return []
        rows = [_row(entry, product.product_id) for entry in entries]
        found = execute_values(cursor, _INSERT, rows, fetch=True)
    return [payload_id for (payload_id,) in found]


def payload_at(database: Database, tag: str, calorimeter: Calorimeter, moment: datetime) -> Payload:
    """Return the payload that a global tag means for a detector at a time.

    Raises
    ------
    NoPayload
        If there is no such tag, or it has no payload then.
    """
    found = database.rows(_AT, (tag, int(calorimeter), require_utc(moment)))
    if not found:
        raise NoPayload(
            f"tag {tag} has no payload of {calorimeter.label} at {moment.isoformat()}",
            remedy="`dsa-hcal hcal conditions list` shows tags and what they cover",
        )
    return Payload(*found[0])


def _make(
    database: Database,
    calorimeter: Calorimeter,
    day: str | date,
    place: Path,
    *,
    max_age: timedelta,
    correction_set: int | None,
) -> list[Made]:
    cycles = content.cycles_of(database, calorimeter, day)
    validities = content.intervals_of_day(
        database, calorimeter, day, max_age=max_age, correction_set=correction_set
    )
    made = []
    for validity in validities:
        towers = content.content(database, calorimeter, validity, cycles, correction_set)
        facts = Facts.of(calorimeter, validity, correction_set)
        made.append(Made(_write(place, towers, facts), facts, towers))
    return made


def _write(place: Path, towers: pd.DataFrame, facts: Facts) -> Entry:
    root, parquet = place / f"{facts.stem}.root", place / f"{facts.stem}.parquet"
    files.write_root(root, towers, facts)
    files.write_parquet(parquet, towers, facts)
    return Entry(
        facts.detector,
        facts.valid_from.isoformat(),
        facts.valid_until.isoformat(),
        root.name,
        _sha256(root),
        parquet.name,
        _sha256(parquet),
        len(towers),
        None if facts.correction_set == files.UNCORRECTED else facts.correction_set,
    )


def _identity(entry: Entry) -> tuple[int, datetime, datetime, str]:
    start, end = datetime.fromisoformat(entry.valid_from), datetime.fromisoformat(entry.valid_until)
    return entry.detector, start, end, entry.parquet_sha256


def _row(entry: Entry, product_id: int) -> Sequence[Any]:
    return (
        entry.detector,
        entry.valid_from,
        entry.valid_until,
        product_id,
        entry.root_file,
        entry.root_sha256,
        entry.parquet_file,
        entry.parquet_sha256,
        entry.towers,
        entry.correction_set,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
