"""How long conversions took, kept in PostgreSQL: one row a published Measurement Set."""

from dataclasses import astuple, dataclass, fields
from datetime import datetime

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.radio.conversion.group import ConversionReport

# what was converted; other sets were taken over from an archive
WRITERS = ("direct", "pyuvdata")
# steps in a report that count as loading, phasing, writing
STEPS = {
    "load": ("headers", "load"),
    "phase": ("plan", "phase"),
    "write": ("write", "subtables", "scratch_columns"),
}


@dataclass(frozen=True)
class Performance:
    """One conversion; columns of `radio.conversion_performance` (see their comments there)."""

    product_id: int
    group_key: str
    version: int
    writer: str
    rows: int
    input_bytes: int
    ms_bytes: int
    load_seconds: float
    phase_seconds: float
    write_seconds: float
    total_seconds: float
    peak_rss_bytes: int
    started_at: datetime


_COLUMNS = ", ".join(one.name for one in fields(Performance))
_PLACES = ", ".join("%s" for _ in fields(Performance))


def of_report(product: Product, report: ConversionReport) -> Performance:
    """Return what the conversion that made `product` took."""
    spent = {name: sum(report.seconds.get(step, 0.0) for step in steps) for name, steps in STEPS.items()}
    return Performance(
        product_id=product.product_id,
        group_key=product.partition,
        version=product.version,
        writer=report.writer,
        rows=report.rows,
        input_bytes=sum(one.bytes for one in report.inputs),
        ms_bytes=report.ms_bytes,
        load_seconds=spent["load"],
        phase_seconds=spent["phase"],
        write_seconds=spent["write"],
        total_seconds=report.total_seconds,
        peak_rss_bytes=report.peak_rss_bytes,
        started_at=datetime.fromisoformat(report.started_at),
    )


def record(database: Database, product: Product, report: ConversionReport) -> Performance:
    """Enter what the conversion that made `product` took; entering it again changes nothing."""
    performance = of_report(product, report)
    with database.transaction() as cursor:
        cursor.execute(
            f"insert into radio.conversion_performance ({_COLUMNS}) values ({_PLACES})"  # noqa: S608
            " on conflict do nothing",
            astuple(performance),
        )
    return performance


def recent(database: Database, limit: int = 100) -> list[Performance]:
    """Return the last `limit` conversions, newest first."""
    rows = database.rows(
        f"select {_COLUMNS} from radio.conversion_performance order by started_at desc limit %s",  # noqa: S608
        (limit,),
    )
    return [Performance(*row) for row in rows]


def of_group(database: Database, group: str) -> Performance | None:
    """Return what the newest conversion of a group took; None when nothing of it was converted."""
    rows = database.rows(
        f"select {_COLUMNS} from radio.conversion_performance where group_key = %s "  # noqa: S608
        "order by version desc limit 1",
        (group,),
    )
    return Performance(*rows[0]) if rows else None
