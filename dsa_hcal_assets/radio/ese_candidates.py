"""Sources that may be seen through a plasma lens (extreme scattering events): those on record."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from dsa_hcal_assets.database.connection import Database

CandidateStatus = Literal["active", "investigated", "confirmed", "dismissed"]


@dataclass(frozen=True)
class EseCandidate:
    """An event; columns of ``radio.ese_candidate`` (see their comments there)."""

    candidate_id: int
    source_id: str
    ra_deg: float
    dec_deg: float
    first_detection_at: datetime
    last_detection_at: datetime
    max_sigma_dev: float
    current_flux_jy: float | None
    baseline_flux_jy: float | None
    flagged_by: str
    flagged_at: datetime
    status: CandidateStatus
    notes: str


_COLUMNS = ", ".join(one.name for one in fields(EseCandidate))
_NEWEST = f"""
select {_COLUMNS} from radio.ese_candidate
 where (%(status)s is null or status = %(status)s)
   and (%(source)s is null or source_id = %(source)s)
   and (%(min_sigma)s is null or max_sigma_dev >= %(min_sigma)s)
   and (%(last)s::timestamptz is null or (last_detection_at, candidate_id) < (%(last)s, %(number)s))
 order by last_detection_at desc, candidate_id desc limit %(limit)s
"""  # noqa: S608 - a constant list of columns


def newest_candidates(
    database: Database,
    status: CandidateStatus | None = None,
    source: str | None = None,
    *,
    min_sigma: float | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[EseCandidate]:
    """Return the events that were seen last, newest first.

    Parameters
    ----------
    database
        Where they are on record.
    status, source
        Only events of this status, of this source.
    min_sigma
        Only events that stood out at least so much, standard errors.
    after
        Only events behind the one with this last detection and number.
    limit
        Most events.
    """
    last, number = after or (None, None)
    wanted = {"status": status, "source": source, "min_sigma": min_sigma, "last": last, "number": number}
    return [EseCandidate(*row) for row in database.rows(_NEWEST, wanted | {"limit": limit})]
