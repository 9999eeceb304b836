"""The light of a run that has no PIN diodes of its own, from slow control's readings around it."""

from datetime import datetime, timedelta

import numpy as np

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.analysis_runs.light import Light, mean_of_counts
from dsa_hcal_assets.hcal.analysis_runs.run_contents import LEDS

_READINGS = """
select half_sector, pin_diode_1, pin_diode_2, pin_diode_3, pin_diode_4, pin_diode_5,
       led_intensity_1, led_intensity_2, led_intensity_3, led_intensity_4, led_intensity_5
from hcal.led_reading
where ts between %s and %s and lit order by half_sector, ts
"""


def light_around(
    database: Database, started_at: datetime, ended_at: datetime, window: timedelta
) -> Light | None:
    """Return the mean of all lit readings from `window` before the run until `window` after it.

    Slow control knows neither the mask nor the pulse width of the LEDs; None where no half-sector was
    lit.
    """
    rows = database.rows(_READINGS, (started_at - window, ended_at + window))
    if not rows:
        return None
    table = np.array(rows, dtype=np.float64)  # null is NaN
    half_sectors, first = np.unique(table[:, 0].astype(np.int16), return_index=True)
    diodes, errors, intensities = [], [], []
    for readings in np.split(table[:, 1:], first[1:]):
        mean, error = mean_of_counts(readings[:, :LEDS])
        diodes.append(mean)
        errors.append(error)
        intensities.append(readings[-1, LEDS:])
    unknown = np.full((len(half_sectors), LEDS), np.nan)
    return Light(
        half_sectors,
        np.stack(diodes),
        np.stack(errors),
        unknown[:, 0],
        unknown,
        np.stack(intensities),
        "slow control",
    )
