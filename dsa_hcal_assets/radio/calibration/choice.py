"""Which calibration set applies to data of a time and declination, why that one, and what was chosen.

Order: a pinned set, else the nearest whose range holds (the next calibrator's, when the nearest one
failed), else the nearest one within a limit of age, else none: never silently none, never a set that
failed. The rule is the database's function ``radio.calibration_at``, the same for SQL and everyone else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.calibration.sets import DEFAULT_KIND, CalibrationSet, get_set, nearest_sets

Standing = Literal["pinned", "valid", "stale"]


class NoValidCalibration(PermanentError):
    """No registered calibration set may be used for data of this time and declination."""


@dataclass(frozen=True)
class Need:
    """Data that want to be calibrated.

    Attributes
    ----------
    profile, moment
        Telescope profile; mid-time (aware).
    declination_deg
        Apparent declination of the pointing, deg; None: it does not matter (a telescope that tracks).
    tolerance_deg
        Largest difference between the declinations of set and data, deg.
    max_age_hours
        How far the centre of a set beyond its range may be from the data, h; 0: none beyond its range.
    """

    profile: str
    moment: datetime
    declination_deg: float | None = None
    tolerance_deg: float = 2.0
    max_age_hours: float = 0.0
    kind: str = DEFAULT_KIND


@dataclass(frozen=True)
class Choice:
    """The set that applies.

    Attributes
    ----------
    chosen
        The set.
    standing
        pinned; valid: its range holds; stale: beyond its range.
    staleness_hours
        Between its centre and the data, h.
    passed_over
        Sets nearer to the data that may not be used, with the reason.
    """

    chosen: CalibrationSet
    standing: Standing
    staleness_hours: float
    passed_over: Sequence[str] = field(default_factory=tuple)

    @property
    def reason(self) -> str:
        """What was chosen and what was not, in words."""
        told = {
            "pinned": "is pinned",
            "valid": "is the nearest whose range holds",
            "stale": "is the nearest, but beyond its range",
        }[self.standing]
        name = f"set {self.chosen.set_id} of {self.chosen.group} ({self.chosen.calibrator})"
        words = f"{name} {told}, {self.staleness_hours:.2f} h from the data"
        return "; not: ".join([words, *self.passed_over])

    def as_record(self) -> dict[str, str | int | float]:
        """Return the choice as JSON, for what is made with it."""
        return {
            "calibration_set": self.chosen.set_id,
            "standing": self.standing,
            "staleness_hours": round(self.staleness_hours, 4),
            "reason": self.reason,
        }


def choose(database: Database, need: Need) -> Choice:
    """Return the set that applies.

    Raises
    ------
    NoValidCalibration
        If there is none; names the nearest sets and why they do not count.
    """
    moment = require_utc(need.moment)
    found = database.rows(
        "select set_id, standing, staleness_hours from radio.calibration_at(%s, %s, %s, %s, %s, %s)",
        (need.profile, moment, need.declination_deg, need.tolerance_deg, need.max_age_hours, need.kind),
    )
    near = nearest_sets(database, need.profile, need.kind, moment)
    if not found:
        where = "" if need.declination_deg is None else f" and declination {need.declination_deg:+.2f} deg"
        raise NoValidCalibration(
            f"no calibration set of {need.profile} holds at {moment:%Y-%m-%d %H:%M:%S}{where}",
            expected=f"an active set that covers this time (or within {need.max_age_hours:g} h of it), "
            f"solved within {need.tolerance_deg:g} deg of this declination",
            found="; ".join(one.told() for one in near) or "no set at all",
            kept="flags and Measurement Set; nothing was calibrated",
            remedy="process a calibrator group near this time, or look at `dsa-hcal calibration list`",
        )
    ((set_id, standing, staleness),) = found
    chosen = get_set(database, set_id)
    distance = timedelta(hours=staleness)
    nearer = [one for one in near if one.set_id != set_id and abs(one.centre - moment) <= distance]
    return Choice(chosen, standing, staleness, tuple(_why_not(one, need) for one in nearer))


def _why_not(one: CalibrationSet, need: Need) -> str:
    pointing = need.declination_deg
    if one.state == "active" and pointing is not None:
        distance = abs(one.declination_deg - pointing)
        if distance > need.tolerance_deg:
            return f"{one.told()}, but was solved {distance:.2f} deg away in declination"
    return one.told()


def remember(
    database: Database,
    group: str,
    need: Need,
    choice: Choice | None,
    reason: str,
    *,
    product_id: int | None = None,
    run_id: str = "",
) -> None:
    """Keep what a group was calibrated with, or that it could not be (`choice` None)."""
    with database.transaction() as cursor:
        cursor.execute(
            "insert into radio.calibration_use (group_key, profile, at, declination_deg, tolerance_deg, "
            "max_age_hours, set_id, standing, staleness_hours, reason, product_id, run_id) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                group, need.profile, require_utc(need.moment), need.declination_deg, need.tolerance_deg,
                need.max_age_hours, choice and choice.chosen.set_id, choice.standing if choice else "none",
                choice and choice.staleness_hours, reason, product_id, run_id,
            ),
        )  # fmt: skip


@dataclass(frozen=True)
class Due:
    """A group that would get another set today; see ``radio.recalibration_due``."""

    group: str
    why: str
    used_set: int | None
    better_set: int
    better_standing: Standing
    better_staleness_hours: float


def due(database: Database, profile: str | None = None, since: datetime | None = None) -> list[Due]:
    """Return the groups to be calibrated again, oldest first."""
    rows = database.rows(
        "select group_key, why, used_set, better_set, better_standing, better_staleness_hours "
        "from radio.recalibration_due where (%s::text is null or profile = %s) "
        "and (%s::timestamptz is null or at >= %s) order by group_key",
        (profile, profile, since, since),
    )
    return [Due(*row) for row in rows]
