"""Whether a telescope that is observing has a calibration set for what it takes now."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from dsa_hcal_assets.alerts import Severity
from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.calibration.choice import Need, NoValidCalibration, choose
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.watch.condition import Condition

_OBSERVING = """
select distinct on (profile) profile, declination_deg
  from radio.observation_group where first_sample > %(oldest)s and first_sample <= %(now)s
 order by profile, first_sample desc
"""


def calibration_lacking(
    database: Database,
    profiles: Iterable[Profile],
    now: datetime,
    *,
    observing_hours: float,
    max_age_hours: float,
) -> list[Condition]:
    """Return the telescopes whose next group could not be calibrated, or only with a set beyond its range.

    Parameters
    ----------
    observing_hours
        A telescope observes that has a group this recent.
    max_age_hours
        How old a set beyond its range may be to be used all the same.
    """
    now = require_utc(now)
    known = {profile.name: profile for profile in profiles}
    rows = database.rows(_OBSERVING, {"now": now, "oldest": now - timedelta(hours=observing_hours)})
    found = []
    for name, declination in rows:
        if name in known:
            tolerance = known[name].calibration.declination_tolerance_deg
            need = Need(name, now, declination, tolerance, max_age_hours)
            found += _lacking(database, need)
    return found


def _lacking(database: Database, need: Need) -> list[Condition]:
    try:
        choice = choose(database, need)
    except NoValidCalibration as error:
        title = f"{need.profile} has no calibration for what it takes now"
        return [Condition(need.profile, Severity.ERROR, "calibration", title, str(error), source="radio")]
    if choice.standing != "stale":
        return []
    title = f"the calibration of {need.profile} is {choice.staleness_hours:.0f} h old, beyond its range"
    return [Condition(need.profile, Severity.WARNING, "calibration", title, choice.reason, source="radio")]
