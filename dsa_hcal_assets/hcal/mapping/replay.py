"""Which loaded days a corrected map changes. Raw files stay as they are; those days are loaded again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, parse_channel_map
from dsa_hcal_assets.hcal.mapping.difference import compare
from dsa_hcal_assets.hcal.mapping.dimensions import version_text
from dsa_hcal_assets.hcal.mapping.validity import FOREVER, MapNotValid
from dsa_hcal_assets.ledger import Arrival, Ledger

FIRST = datetime.min.replace(tzinfo=UTC)
_OTHER_MAPS = """
select distinct map_digest from hcal.snapshot
where map_digest <> %s and cycle >= %s and cycle < %s
"""
_DAYS = """
select (cycle at time zone 'UTC')::date, count(*) from hcal.snapshot
where map_digest = %s and cycle >= %s and cycle < %s
group by 1
"""


@dataclass(frozen=True)
class AffectedDay:
    """A UTC day of which snapshots were loaded under a map that says something else of their time.

    Parameters
    ----------
    snapshots
        How many of them.
    moved
        How many values have another tower now; None where the former map is not known any more.
    covered
        Whether the new map says anything about them; if not, loading again would change nothing.
    """

    day: date
    snapshots: int
    moved: int | None
    covered: bool = True


def affected_days(
    database: Database, channel_map: ChannelMap, start: datetime = FIRST, end: datetime = FOREVER
) -> list[AffectedDay]:
    """Return the days (all, or between two times) that `channel_map` changes, in order.

    A snapshot knows the digest of the map it was loaded with; the maps once in use are kept in
    `hcal.channel_map_version`. A day is affected only if the two differ at the time of a snapshot, so a
    new row at the end of a map affects no day of the past.
    """
    found: dict[tuple[date, bool], AffectedDay] = {}
    with database.transaction() as cursor:
        cursor.execute(_OTHER_MAPS, (channel_map.digest, start, end))
        for (digest,) in cursor.fetchall():
            for one in _affected_since(cursor, digest, channel_map, start, end):
                key = (one.day, one.covered)
                found[key] = _joined(found[key], one) if key in found else one
    return [found[key] for key in sorted(found)]


def now_covered(ledger: Ledger, channel_map: ChannelMap) -> list[Arrival]:
    """Return quarantined snapshots that no map covered when they came, and that `channel_map` covers."""
    return [
        arrival
        for arrival in ledger.quarantined()
        if (arrival.reason or {}).get("error") == MapNotValid.__name__
        and arrival.sample_time is not None
        and any(epoch.valid_from <= arrival.sample_time < epoch.valid_to for epoch in channel_map.epochs)
    ]


def _affected_since(
    cursor: Cursor, digest: str, channel_map: ChannelMap, start: datetime, end: datetime
) -> Iterator[AffectedDay]:
    text = version_text(cursor, digest)
    spans: Sequence[tuple[datetime, datetime, int | None, bool]]
    if text is None:
        spans = [(FIRST, FOREVER, None, True)]
    else:
        former = parse_channel_map(text, f"channel map {digest[:12]}, in use before")
        spans = [(one.start, one.end, len(one.moves), one.covered) for one in compare(former, channel_map)]
    for begins, ends, moved, covered in spans:
        cursor.execute(_DAYS, (digest, max(begins, start), min(ends, end)))
        for day, snapshots in cursor.fetchall():
            yield AffectedDay(day, snapshots, moved, covered)


def _joined(one: AffectedDay, other: AffectedDay) -> AffectedDay:
    moved = None if one.moved is None or other.moved is None else max(one.moved, other.moved)
    return AffectedDay(one.day, one.snapshots + other.snapshots, moved, one.covered)
