"""A test rig that never existed: plausible readings with anomalies, the same for the same seed.

Temperature (deg C): 60 + 20 sin over 24 h, +- 10, held within 20 to 100. Pressure (kPa): 1000 + 50
sin over 12 h, +- 20, held within 900 to 1100. Noise is uniform. Each quantity of each row is then,
with the share `anomalies`, moved by +- 30 deg C or +- 100 kPa: after the clamping, so that cleaning
and alerts have something to find. Uptime counts hours from the first row.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.rig.readings import Reading

ANOMALIES = 0.05
_HOUR = timedelta(hours=1)


def simulate(
    start: datetime,
    *,
    rows: int = 100,
    step_minutes: float = 6.0,
    seed: int = 0,
    anomalies: float = ANOMALIES,
) -> Iterator[Reading]:
    """Yield `rows` readings from `start` (UTC) at equal steps.

    Parameters
    ----------
    anomalies
        Probability, 0 to 1, that a quantity of a row is disturbed.
    """
    first = require_utc(start)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    random = np.random.default_rng(seed)
    for row in range(rows):
        moment = first + row * timedelta(minutes=step_minutes)
        hours = (moment - midnight) / _HOUR
        temperature = 60 + 20 * math.sin(2 * math.pi * hours / 24) + random.uniform(-10, 10)
        pressure = 1000 + 50 * math.sin(2 * math.pi * hours / 12) + random.uniform(-20, 20)
        temperature = min(max(temperature, 20.0), 100.0) + _anomaly(random, anomalies, 30.0)
        pressure = min(max(pressure, 900.0), 1100.0) + _anomaly(random, anomalies, 100.0)
        yield Reading(
            timestamp=moment,
            temperature=round(temperature, 3),
            pressure=round(pressure, 3),
            uptime=round((moment - first) / _HOUR, 6),
        )


def _anomaly(random: np.random.Generator, share: float, size: float) -> float:
    # Both numbers are drawn for every row: changing the share leaves the noise as it was.
    hit, sign = random.random(), random.choice([-1.0, 1.0])
    return float(sign * size) if hit < share else 0.0
