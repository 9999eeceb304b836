"""One group before it is correlated: every plane wave that reaches the array, and what the array does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.geometry import (
    Instants,
    apparent_place,
    delays_m,
    local_delays_m,
    meridian,
    separation,
)
from dsa_hcal_assets.simulation.uvh5.instrument import Instrument
from dsa_hcal_assets.simulation.uvh5.interference import Emitter, emitters
from dsa_hcal_assets.simulation.uvh5.schedule import Schedule
from dsa_hcal_assets.simulation.uvh5.setup import INTEGRATION_S, GroupSetup
from dsa_hcal_assets.simulation.uvh5.sky import (
    CALIBRATORS,
    FIELD_RADIUS_RAD,
    STRIP_CELLS,
    Source,
    airy_power,
    sky_around,
    strip_cell,
)
from dsa_hcal_assets.simulation.uvh5.waves import Wave

Floats = NDArray[np.float64]
SIDEREAL_DAY_S = 86164.0905


@dataclass(frozen=True)
class Observation:
    """One group of a run: times, what is in the beam, what interferes."""

    setup: GroupSetup
    instrument: Instrument
    group: int
    declination_rad: float
    times_jd: Floats
    seconds: Floats
    sources: tuple[Source, ...]
    emitters: tuple[Emitter, ...]
    waves: tuple[Wave, ...]

    @classmethod
    def of(cls, schedule: Schedule, instrument: Instrument, group: int, subbands: int) -> "Observation":
        """Observe group `group` of a run whose band has `subbands` subbands."""
        setup, when = schedule.setup, Instants.at(schedule.times_jd(group))
        pointing = meridian(schedule.declination_rad, when)
        tracked = delays_m(instrument.array, pointing, when) if setup.phase == "drift" else 0.0
        sources, waves = [], []
        for source in _candidates(setup, group):
            place = apparent_place(source, when)
            distance = separation(place, pointing)
            if distance.min() > FIELD_RADIUS_RAD:
                continue
            beam = airy_power(distance, instrument.frequencies_hz, instrument.dish_diameter_m)
            delay = delays_m(instrument.array, place, when) - tracked
            waves.append(Wave(delay, beam * source.flux_jy(instrument.frequencies_hz)))
            sources.append(source)
        heard = emitters(setup, group, instrument.frequencies_hz, subbands)
        shape = (setup.integrations, len(instrument.frequencies_hz))
        for emitter in heard:
            directions = emitter.directions(setup.integrations, INTEGRATION_S)
            delay = local_delays_m(instrument.array, directions) - tracked
            waves.append(Wave(delay, np.where(emitter.mask(*shape), emitter.flux_jy, 0.0)))
        return cls(
            setup,
            instrument,
            group,
            schedule.declination_rad,
            when.jd,
            schedule.seconds(group),
            tuple(sources),
            heard,
            tuple(waves),
        )


def _candidates(setup: GroupSetup, group: int) -> list[Source]:
    """Calibrator, its neighbours, and the drawn sources of all cells that may come into the beam."""
    calibrator = CALIBRATORS[setup.calibrator]
    passed = group * setup.group_seconds / SIDEREAL_DAY_S * STRIP_CELLS
    within = setup.group_seconds / SIDEREAL_DAY_S * STRIP_CELLS / 2
    reach = within + np.degrees(FIELD_RADIUS_RAD) / np.cos(np.radians(calibrator.dec_deg)) * STRIP_CELLS / 360
    cells = range(int(np.floor(passed - reach)), int(np.ceil(passed + reach)) + 1)
    drawn = [
        one
        for cell in (cells if len(cells) < STRIP_CELLS else range(STRIP_CELLS))
        for one in strip_cell(setup.seed, calibrator, cell, setup.field_sources)
    ]
    return [*sky_around(calibrator), *drawn]
