"""Injected radio-frequency interference: lines that stay, and satellites that pass.

Both come from far away, through the sidelobes, as plane waves from a direction over the ground.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.draws import Purpose, stream
from dsa_hcal_assets.simulation.uvh5.setup import GroupSetup

Floats = NDArray[np.float64]
# features that DSA-110's operators see (near GLONASS, radar, amateur band, HI and above), Hz, and
# flux density averaged over one of the telescope's channels, Jy
LINES = ((1350.3e6, 60.0), (1395.1e6, 25.0), (1405.4e6, 40.0), (1422.2e6, 30.0), (1475.6e6, 90.0))
TELESCOPE_CHANNEL_HZ = 244140.625
PASSES_A_GROUP = 2
LONGEST_PASS = 4  # integrations
MOST_SUBBANDS = 5
PASS_JY = (30.0, 300.0)
# angular speed of a satellite 550 km up, seen from below
SPEED_RAD_S = 7600.0 / 550e3


@dataclass(frozen=True)
class Emitter:
    """One source of interference in one group: where, when, and how strong.

    It fills `channels` (numbers in the whole band, both ends included) in `integrations` (both ends
    included) with `flux_jy` after the sidelobes. At its first integration it stands at
    (`azimuth_rad` from north over east, `elevation_rad`) and rises with `speed_rad_s`, over the top and on.
    """

    kind: Literal["narrowband", "transient"]
    channels: tuple[int, int]
    integrations: tuple[int, int]
    flux_jy: float
    azimuth_rad: float
    elevation_rad: float
    speed_rad_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the emitter as a truth record."""
        return asdict(self)

    def mask(self, integrations: int, channels: int) -> NDArray[np.bool_]:
        """Return where it is heard, shape (integrations, channels)."""
        heard = np.zeros((integrations, channels), np.bool_)
        heard[self.integrations[0] : self.integrations[1] + 1, self.channels[0] : self.channels[1] + 1] = True
        return heard

    def directions(self, integrations: int, integration_s: float) -> Floats:
        """Return unit vectors towards it (east, north, up), shape (integrations, 3)."""
        passed = (np.arange(integrations) - self.integrations[0]) * integration_s * self.speed_rad_s
        elevation = self.elevation_rad + passed
        return np.stack(
            [
                np.cos(elevation) * np.sin(self.azimuth_rad),
                np.cos(elevation) * np.cos(self.azimuth_rad),
                np.sin(elevation),
            ],
            axis=-1,
        )


def emitters(setup: GroupSetup, group: int, frequencies_hz: Floats, subbands: int) -> tuple[Emitter, ...]:
    """Return what interferes with a group; `frequencies_hz` are those of the whole band."""
    found: list[Emitter] = []
    if "narrowband" in setup.interference:
        found += _lines(setup, frequencies_hz)
    if "transient" in setup.interference:
        found += _passes(setup, group, subbands)
    return tuple(found)


def occupied(heard: tuple[Emitter, ...], integrations: int, channels: int) -> NDArray[np.bool_]:
    """Return where there is any interference, shape (integrations, channels); same for all baselines."""
    mask = np.zeros((integrations, channels), np.bool_)
    for emitter in heard:
        mask |= emitter.mask(integrations, channels)
    return mask


def _lines(setup: GroupSetup, frequencies_hz: Floats) -> list[Emitter]:
    """Transmitters on the horizon: the same ones in all groups."""
    rng = stream(setup.seed, Purpose.INTERFERENCE)
    width = float(np.ptp(frequencies_hz)) / max(len(frequencies_hz) - 1, 1)
    lines = []
    for frequency, flux in LINES:
        channel = int(np.argmin(np.abs(frequencies_hz - frequency)))
        # a wider channel dilutes a line
        diluted = flux * min(1.0, TELESCOPE_CHANNEL_HZ / width) if width else flux
        azimuth = float(rng.uniform(0, 2 * np.pi))
        ends = (0, setup.integrations - 1)
        lines.append(Emitter("narrowband", (channel, channel), ends, diluted, azimuth, 0.0))
    return lines


def _passes(setup: GroupSetup, group: int, subbands: int) -> list[Emitter]:
    """Satellites: a few integrations, all channels of some neighbouring subbands."""
    rng = stream(setup.seed, Purpose.INTERFERENCE, group)
    passes = []
    for _ in range(PASSES_A_GROUP):
        length = int(rng.integers(1, min(LONGEST_PASS, setup.integrations) + 1))
        begin = int(rng.integers(0, setup.integrations - length + 1))
        wide = int(rng.integers(1, min(MOST_SUBBANDS, subbands) + 1))
        lowest = int(rng.integers(0, subbands - wide + 1))
        passes.append(
            Emitter(
                "transient",
                (lowest * setup.channels, (lowest + wide) * setup.channels - 1),
                (begin, begin + length - 1),
                float(np.exp(rng.uniform(*np.log(PASS_JY)))),
                float(rng.uniform(0, 2 * np.pi)),
                float(rng.uniform(np.radians(25), np.radians(60))),
                SPEED_RAD_S,
            )
        )
    return passes
