"""The detector as shift displays show it: one snapshot, its 128 half-sectors, what is out of order.

Belongs here: putting together what other modules read and judged. Not here: judging (anomalies/) and the
form it is shown in (web/).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import readers
from dsa_hcal_assets.hcal.anomalies.metrics import towers_concerned
from dsa_hcal_assets.hcal.anomalies.readers import anomalies_between
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS, Detector

ASPECTS = {
    "temperature": ("temperature",),
    "leakage": ("leakage",),
    "bias": ("bias",),
    "bias offset": ("bias_offset",),
    "low voltage": ("lv_positive", "lv_negative"),
    "gain": ("gain",),
    "boards": ("replies",),
}
"""What a traffic light is about -> quantities of `hcal.anomaly`; LED has no anomalies, see `lights`."""
LED = "LED"

_LEDS = "select half_sector, state, led_intensity, pin_diode, ts from hcal.half_sector_leds order by 1"
_RUN = "select run_number from hcal.snapshot where cycle = %s"
_BOARDS = "select board, status from hcal.board_reading where ts = %s order by board"


class Level(StrEnum):
    """A traffic light; worse ones later."""

    OK = "ok"
    UNREAD = "unread"
    WARNING = "warning"
    ERROR = "error"


_RANKS = list(Level)


@dataclass(frozen=True)
class Light:
    """The light of one aspect of one detector, with the number of its half-sectors in each level."""

    detector: Detector
    aspect: str
    level: Level
    half_sectors: dict[Level, int]


@dataclass(frozen=True, eq=False)
class ShiftView:
    """The detector in one snapshot.

    Parameters
    ----------
    cycle, run_number
        Of the snapshot, UTC; -1 where the run is not known.
    boards
        Board -> ok, partial, down, absent or unmapped.
    towers
        As `readers.state_at`: 3072 rows in order of `tower_id`.
    leds
        Indexed by `half_sector`: state, led_intensity, pin_diode, ts; the newest there are, which may be
        older than the snapshot. Empty where they were never read.
    anomalies
        In force at `cycle`, as `anomalies_between`.
    levels
        Aspect -> int8[128]: place in `Level` of each half-sector.
    """

    cycle: datetime
    run_number: int
    boards: dict[str, str]
    towers: pd.DataFrame
    leds: pd.DataFrame
    anomalies: pd.DataFrame
    levels: dict[str, NDArray[np.int8]]

    def level_of(self, half_sector: int, aspect: str) -> Level:
        """Return the light of one half-sector."""
        return _RANKS[int(self.levels[aspect][half_sector])]

    def lights(self) -> Iterator[Light]:
        """Yield the light of every aspect of each detector: the worst of its half-sectors.

        An anomaly of a whole detector (a shift all its towers share) counts here and in no half-sector.
        """
        half = HALF_SECTORS // len(Detector)
        whole = self.anomalies[self.anomalies["half_sector"].isna() & self.anomalies["board"].isna()]
        for detector in Detector:
            own = whole[whole["detector"] == int(detector)]
            for aspect, levels in self.levels.items():
                some = levels[half * int(detector) : half * (int(detector) + 1)]
                shared = own[own["quantity"].isin(ASPECTS.get(aspect, ()))]["severity"].map(_RANKS.index)
                worst = max(int(some.max()), int(shared.max()) if len(shared) else 0)
                counted = np.bincount(some, minlength=len(_RANKS)).tolist()
                yield Light(detector, aspect, _RANKS[worst], dict(zip(_RANKS, counted, strict=True)))

    def mean_of(self, quantity: str) -> NDArray[np.float64]:
        """Return float64[128]: mean of the towers that were read, NaN where none was."""
        values = self.towers[quantity].to_numpy(dtype=np.float64)
        half_sector, read = geometry.towers().half_sector, np.isfinite(values)
        sums = np.bincount(half_sector[read], weights=values[read], minlength=HALF_SECTORS)
        counts = np.bincount(half_sector[read], minlength=HALF_SECTORS)
        means = np.full(HALF_SECTORS, np.nan)
        np.divide(sums, counts, out=means, where=counts > 0)
        return means


def shift_view(database: Database, moment: datetime | None = None) -> ShiftView:
    """Return the detector in the snapshot nearest to `moment`, in the newest one if None.

    Raises
    ------
    NoState
        If there is none, or none within an hour.
    """
    cycle = readers.cycle_near(database, moment)
    towers = readers.state_at(database, cycle)
    anomalies = anomalies_between(database, cycle, cycle + timedelta(microseconds=1))
    leds = pd.DataFrame(
        database.rows(_LEDS), columns=["half_sector", "state", "led_intensity", "pin_diode", "ts"]
    ).set_index("half_sector")
    [(run_number,)] = database.rows(_RUN, (cycle,))
    return ShiftView(
        cycle,
        run_number,
        dict(database.rows(_BOARDS, (cycle,))),
        towers,
        leds,
        anomalies,
        _levels(database, towers, leds, anomalies, cycle),
    )


def _levels(
    database: Database, towers: pd.DataFrame, leds: pd.DataFrame, anomalies: pd.DataFrame, cycle: datetime
) -> dict[str, NDArray[np.int8]]:
    found = {}
    placed = anomalies[anomalies["half_sector"].notna() | anomalies["board"].notna()]
    for aspect, quantities in ASPECTS.items():
        levels = np.zeros(HALF_SECTORS, dtype=np.int8)
        if aspect != "boards":
            read = towers[list(quantities)].notna().to_numpy().all(axis=1)
            unread = np.bincount(geometry.towers().half_sector[read], minlength=HALF_SECTORS) == 0
            levels[unread] = _RANKS.index(Level.UNREAD)
        of_aspect = placed[placed["quantity"].isin(quantities)]
        for severity in (Level.WARNING, Level.ERROR):
            some = of_aspect[of_aspect["severity"] == severity]
            if not some.empty:
                concerned = towers_concerned(database, some, cycle)
                levels[np.unique(geometry.towers().half_sector[concerned])] = _RANKS.index(severity)
        found[aspect] = levels
    found[LED] = _led_levels(leds)
    return found


def _led_levels(leds: pd.DataFrame) -> NDArray[np.int8]:
    states = leds["state"].reindex(range(HALF_SECTORS))
    levels = {"On": Level.OK, "Off": Level.OK, "Incorrect config": Level.WARNING}
    return np.array([_RANKS.index(levels.get(str(state), Level.UNREAD)) for state in states], dtype=np.int8)
