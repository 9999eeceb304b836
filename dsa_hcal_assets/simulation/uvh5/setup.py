"""What to simulate: the choices behind a group, checked before anything is computed."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, get_args

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS

# time of one integration of DSA-110's correlator, and integrations of one file
INTEGRATION_S = 12.884901888
INTEGRATIONS = 24

# drift: fringe-stopped to the meridian at the pointing declination, as the correlator's files are;
# zenith: unprojected, no delay towards the sky was ever inserted
Phase = Literal["drift", "zenith"]
Interference = Literal["narrowband", "transient"]


@dataclass(frozen=True)
class GroupSetup:
    """What is simulated. The calibrator crosses the meridian in the middle of group 0.

    The array points at the calibrator's apparent declination at that transit, rounded to 0.1 deg,
    in all groups: later ones see the sky that follows.
    """

    day: date = date(2025, 6, 5)
    calibrator: str = "3C147"
    antennas: int = 20
    channels: int = 8
    integrations: int = INTEGRATIONS
    seed: int = 1
    # calibration factors of the real correlator are of order 200
    correlator_scale: float = 1 / 200
    noise: bool = True
    phase: Phase = "drift"
    # sources above 0.1 Jy drawn for each group's width of sky, beside calibrator and neighbours
    field_sources: int = 0
    interference: tuple[Interference, ...] = ()
    dead_antennas: int = 0

    @property
    def group_seconds(self) -> float:
        """Length of a group and distance to the next one, s: the correlator makes no pause."""
        return self.integrations * INTEGRATION_S

    def as_json(self) -> dict[str, Any]:
        """Return the setup as JSON types."""
        return {**asdict(self), "day": self.day.isoformat(), "interference": list(self.interference)}


def check(profile: Profile, setup: GroupSetup, groups: Collection[int], subbands: Collection[int]) -> None:
    """Refuse what cannot be simulated.

    Raises
    ------
    ConfigurationError
        For an unknown calibrator, form or interference, or an impossible number of channels,
        integrations, sources, dead antennas, groups or subbands. (Antennas and band are checked
        where the instrument is put together.)
    """
    if setup.calibrator not in CALIBRATORS:
        raise ConfigurationError(
            f"calibrator {setup.calibrator!r} is not known", expected=f"one of {', '.join(CALIBRATORS)}"
        )
    for word, known in [(setup.phase, Phase), *((kind, Interference) for kind in setup.interference)]:
        if word not in get_args(known):
            raise ConfigurationError(
                f"{word!r} cannot be simulated", expected=f"one of {', '.join(get_args(known))}"
            )
    if min(setup.channels, setup.integrations) < 1:
        raise ConfigurationError(
            f"{setup.channels} channels and {setup.integrations} integrations cannot be simulated",
            expected="one or more of each",
        )
    if setup.field_sources < 0 or not 0 <= setup.dead_antennas <= setup.antennas:
        raise ConfigurationError(
            f"{setup.field_sources} field sources, {setup.dead_antennas} dead antennas cannot be simulated",
            expected="none or more of each, and no more dead antennas than there are",
        )
    if any(group < 0 for group in groups):
        raise ConfigurationError(f"groups {sorted(groups)} cannot be simulated", expected="numbers from 0 on")
    count = profile.subbands.count
    if not set(subbands) <= set(range(count)):
        raise ConfigurationError(
            f"subbands {sorted(subbands)} cannot be simulated", expected=f"numbers below {count}"
        )
