"""Payloads made known: registered once and for ever, found by global tag and time, handed out verified."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extras import execute_values

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput, PermanentError
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.files import sha256
from dsa_hcal_assets.hcal.conditions.making import Entry, read_index
from dsa_hcal_assets.products import Product

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
            found = sha256(path) if path.is_file() else "no file"
            if found != checksum:
                raise PayloadDamaged(
                    f"payload {self.payload_id}: {path} is not what was registered",
                    expected=f"sha256 {checksum}",
                    found=found,
                    remedy="restore the product tree from its backup",
                )
        return [Path(shutil.copy(products / self.directory / name, into)) for name in wanted]


def register(database: Database, product: Product) -> list[int]:
    """Make the payloads of a published product known; return their numbers.

    A product that says exactly what the day's last registered one says adds nothing, so that making a day
    again is no new version of it.
    """
    entries = read_index(product.path)
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
