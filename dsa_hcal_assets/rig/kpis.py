"""The rig's key figures of one day."""

import math
from dataclasses import asdict, dataclass

from dsa_hcal_assets.rig.cleaning import RED, CleanResult


@dataclass(frozen=True)
class Kpis:
    """Key figures of one day.

    Parameters
    ----------
    avg_temp, avg_pressure
        Means of the cleaned readings, deg C and kPa; NaN when none is left.
    alert_count
        Red alerts; a reading red in both quantities counts twice.
    uptime_hours
        Largest uptime of the cleaned readings, h; NaN when none is left.
    total_records
        Rows delivered for the day, before cleaning.
    data_quality_score
        Rows kept, in percent of those delivered; NaN when none was delivered.
    """

    avg_temp: float
    avg_pressure: float
    alert_count: int
    uptime_hours: float
    total_records: int
    data_quality_score: float

    def as_json(self) -> dict[str, float | int | None]:
        """Return the figures by name; what could not be computed is null, which JSON can carry."""
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}


def kpis(result: CleanResult) -> Kpis:
    """Compute the key figures of a day from its cleaned readings."""
    frame = result.frame
    reds = (frame[["temperature_alert", "pressure_alert"]] == RED).to_numpy().sum()
    return Kpis(
        avg_temp=float(frame["temperature"].mean()),
        avg_pressure=float(frame["pressure"].mean()),
        alert_count=int(reds),
        uptime_hours=float(frame["uptime"].max()),
        total_records=result.total,
        data_quality_score=100 * result.kept_fraction,
    )
