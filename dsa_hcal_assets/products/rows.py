"""Rows of `platform.product` and `platform.current_product`, written and read. All SQL of this room."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.products.manifest import Manifest
from dsa_hcal_assets.products.model import Input, Product, Provenance

COLUMNS = (
    "p.product_id, p.kind, p.partition, p.version, p.path, p.bytes, p.checksum, p.created_at, "
    "p.parameters, p.inputs, p.run_id, p.code_version"
)
CURRENT = (
    f"select {COLUMNS} from platform.current_product c join platform.product p using (product_id) "  # noqa: S608
    "where c.kind = %s and c.partition = %s"
)
VERSIONS = (
    f"select {COLUMNS} from platform.product p "  # noqa: S608
    "where p.kind = %s and p.partition = %s order by p.version"
)
BY_ID = f"select {COLUMNS} from platform.product p where p.product_id = %s"  # noqa: S608
ALL = f"select {COLUMNS}, p.missing_since is not null from platform.product p order by p.product_id"  # noqa: S608
# Of the verdicts that count, those that stop what is downstream.
BLOCKING_FAILURES = """
select stage, metric, value, limit_text
from platform.latest_verdict
where product_id = %s and blocking and lower(level) = 'fail'
order by stage, metric
"""

_INSERT = """
insert into platform.product (kind, partition, version, path, bytes, checksum, created_at,
                              code_version, run_id, parameters, inputs)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (kind, partition, version) do nothing
returning product_id
"""
# A version registered late by reconcile must not displace a newer one.
_SELECT = """
insert into platform.current_product (kind, partition, product_id) values (%s, %s, %s)
on conflict (kind, partition) do update
    set product_id = excluded.product_id, selected_at = clock_timestamp()
    where (select version from platform.product where product_id = current_product.product_id) < %s
"""


def product(row: Sequence[Any], root: Path) -> Product:
    """Return the product of a row of `COLUMNS`."""
    inputs = tuple(Input(item["name"], item["checksum"]) for item in row[9])
    provenance = Provenance(row[8], inputs, row[10], row[11])
    return Product(row[0], row[1], row[2], row[3], root / row[4], row[5], row[6], row[7], provenance)


def lock(cursor: Cursor, kind: str, partition: str) -> None:
    """Make other publishers of this kind and partition wait until the transaction ends."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"product {kind}/{partition}",))


def newest_version(cursor: Cursor, kind: str, partition: str) -> int:
    """Return the highest registered version, 0 if there is none."""
    cursor.execute(
        "select coalesce(max(version), 0) from platform.product where kind = %s and partition = %s",
        (kind, partition),
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def insert(cursor: Cursor, manifest: Manifest, path: Path, root: Path) -> Product | None:
    """Register a version and select it unless a newer one is current; None if it is registered."""
    record = manifest.provenance.as_record()
    contents = manifest.contents
    cursor.execute(
        _INSERT,
        (
            manifest.kind,
            manifest.partition,
            manifest.version,
            str(path),
            contents.bytes,
            contents.checksum,
            manifest.created_at,
            record["code_version"],
            record["run_id"],
            json.dumps(record["parameters"]),
            json.dumps(record["inputs"]),
        ),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    cursor.execute(_SELECT, (manifest.kind, manifest.partition, row[0], manifest.version))
    return Product(
        row[0],
        manifest.kind,
        manifest.partition,
        manifest.version,
        root / path,
        contents.bytes,
        contents.checksum,
        manifest.created_at,
        manifest.provenance,
    )
