"""How soon after its last subband a group's quick look is there; kept in PostgreSQL."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database

STAGES = ("landed", "seen", "started", "read", "calibrated", "imaged", "judged")


@dataclass(frozen=True)
class Latency:
    """Moments of one quick look, UTC; columns of `radio.quicklook_latency` (see their comments there)."""

    product_id: int
    group_key: str
    landed_at: datetime
    seen_at: datetime
    started_at: datetime
    read_at: datetime
    calibrated_at: datetime
    imaged_at: datetime
    judged_at: datetime

    @property
    def since_landing(self) -> dict[str, float]:
        """Seconds from the landing of the last subband to each later stage."""
        moments = {stage: getattr(self, f"{stage}_at") for stage in STAGES}
        return {stage: (moments[stage] - self.landed_at).total_seconds() for stage in STAGES[1:]}


_COLUMNS = ", ".join(one.name for one in fields(Latency))
_PLACES = ", ".join("%s" for _ in fields(Latency))


def in_order(product_id: int, group_key: str, moments: Iterable[datetime]) -> Latency:
    """Return the latency with these moments, in the order of `STAGES`.

    Clocks of file systems and processes differ by milliseconds: none is let be before the one it follows.
    """
    return Latency(product_id, group_key, *accumulate(moments, max))


def landing_of(files: Iterable[Path], seen_at: datetime) -> datetime:
    """Return when the last of `files` came to its place, at the latest `seen_at`.

    The change time, which a rename sets: a copy may keep the modification time of its original.
    """
    last = max(path.stat().st_ctime for path in files)
    return min(datetime.fromtimestamp(last, UTC), seen_at)


def moments_of(began_at: datetime, elapsed: Mapping[str, float]) -> list[datetime]:
    """Return when a quick look that began at `began_at` had read, calibrated and imaged."""
    return [began_at + timedelta(seconds=elapsed[stage]) for stage in ("read", "calibrated", "imaged")]


def record(database: Database, latency: Latency) -> None:
    """Enter the latency of a published quick look; entering it again changes nothing."""
    with database.transaction() as cursor:
        cursor.execute(
            f"insert into radio.quicklook_latency ({_COLUMNS}) values ({_PLACES})"  # noqa: S608
            " on conflict do nothing",
            astuple(latency),
        )


def latest(cursor: Cursor) -> Latency | None:
    """Return the latency of the quick look that was judged last; None before the first."""
    cursor.execute(
        f"select {_COLUMNS} from radio.quicklook_latency order by judged_at desc limit 1"  # noqa: S608
    )
    row = cursor.fetchone()
    return Latency(*row) if row else None


def of_group(database: Database, group: str) -> Latency | None:
    """Return the latency of a group's newest quick look; None before the first."""
    rows = database.rows(
        f"select {_COLUMNS} from radio.quicklook_latency "  # noqa: S608
        "join platform.product using (product_id) where kind = 'quicklook_image' and partition = %s "
        "order by product_id desc limit 1",
        (group,),
    )
    return Latency(*rows[0]) if rows else None
