"""Which calibrators were in the beam of groups, as matching left it in ``radio.group_calibrator``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

_MATCHES = """
select group_key, calibrator, transit, separation_deg, response, flux_jy, apparent_jy
  from radio.group_calibrator where group_key = any(%s) order by group_key, rank
"""
_COMING = """
select profile, calibrator, transit, pointing_dec_deg, separation_deg, response, flux_jy, apparent_jy
  from radio.coming_transit
 where (%(profile)s is null or profile = %(profile)s) and (%(name)s is null or calibrator = %(name)s)
 order by transit, profile, calibrator limit %(limit)s
"""


@dataclass(frozen=True)
class GroupCalibrator:
    """A calibrator on the meridian within a group; columns of ``radio.group_calibrator``."""

    calibrator: str
    transit: datetime
    separation_deg: float
    response: float
    flux_jy: float
    apparent_jy: float


@dataclass(frozen=True)
class ComingTransit:
    """A transit ahead; columns of ``radio.planned_transit``."""

    profile: str
    calibrator: str
    transit: datetime
    pointing_dec_deg: float
    separation_deg: float
    response: float
    flux_jy: float
    apparent_jy: float


def calibrators_of(cursor: Cursor, groups: Sequence[str]) -> dict[str, list[GroupCalibrator]]:
    """Return the calibrators in each of `groups`, the one that appears brightest first."""
    found: dict[str, list[GroupCalibrator]] = {group: [] for group in groups}
    cursor.execute(_MATCHES, (list(groups),))
    for group, *columns in cursor.fetchall():
        found[group].append(GroupCalibrator(*columns))
    return found


def coming_transits(
    cursor: Cursor, profile: str | None = None, calibrator: str | None = None, limit: int = 20
) -> list[ComingTransit]:
    """Return the planned transits that have not happened yet, next first."""
    cursor.execute(_COMING, {"profile": profile, "name": calibrator, "limit": limit})
    return [ComingTransit(*row) for row in cursor.fetchall()]
