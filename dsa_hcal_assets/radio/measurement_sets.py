"""The index of Measurement Sets: the current one of every group, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.database.connection import Database

Stage = Literal["converted", "flagged", "calibrated", "imaged"]
Status = Literal["pending", "done", "failed", "no_calibration"]

_NEWEST = """
select product_id, group_key, version, path, bytes, profile, telescope, pointing_dec_deg, start_mjd, end_mjd,
       calibrator, stage, status, stage_updated_at, processed_at, cal_applied, image_id
  from radio.ms_index
 where (%(stage)s is null or stage = %(stage)s) and (%(status)s is null or status = %(status)s)
   and (%(since)s is null or group_key >= %(since)s) and (%(until)s is null or group_key < %(until)s)
   and (%(after)s is null or product_id < %(after)s)
 order by product_id desc limit %(limit)s
"""


@dataclass(frozen=True)
class IndexedSet:
    """A Measurement Set; columns of ``radio.ms_index`` (see their comments there)."""

    product_id: int
    group_key: str
    version: int
    path: str
    bytes: int
    profile: str | None
    telescope: str | None
    pointing_dec_deg: float | None
    start_mjd: float | None
    end_mjd: float | None
    calibrator: str | None
    stage: Stage
    status: Status
    stage_updated_at: datetime
    processed_at: datetime
    cal_applied: bool
    image_id: int | None

    @property
    def mid_mjd(self) -> float | None:
        """Middle of the observation, MJD (UTC)."""
        if self.start_mjd is None or self.end_mjd is None:
            return None
        return (self.start_mjd + self.end_mjd) / 2


def newest_sets(
    database: Database,
    stage: Stage | None = None,
    status: Status | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[IndexedSet]:
    """Return the sets that were made last, newest first.

    Parameters
    ----------
    database
        Where the index is.
    stage, status
        Only sets that have come so far, that stand so.
    since, until
        Only sets of groups that begin not before, and before, these moments.
    after
        Only sets behind the one of this product.
    limit
        Most sets.
    """
    rows = database.rows(
        _NEWEST,
        {
            "stage": stage,
            "status": status,
            "since": since and group_key(since),
            "until": until and group_key(until),
            "after": after,
            "limit": limit,
        },
    )
    return [IndexedSet(*row) for row in rows]
