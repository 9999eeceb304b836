"""A whole group as the stages after ingest see it: files, span, pointing, phase centre.

Written as the product ``uvh5_group``, or ``archived_ms`` where a Measurement Set made elsewhere takes
the place of the subbands; everything downstream starts from it and never looks into the incoming
directory again.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.matching import Match
from dsa_hcal_assets.radio.calibration.standards import load_standards
from dsa_hcal_assets.radio.catalogues.schedule import Matcher
from dsa_hcal_assets.radio.ingest.groups import Subband
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.settings.radio import RadioSettings

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.archive.facts import SetFacts

FILE_NAME = "group.json"
# the Measurement Set inside the product ``measurement_set``
MS_NAME = "visibilities.ms"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SubbandFile(_Record):
    """One accepted file; `digest` is its identity at ingest (header and size)."""

    number: int
    path: Path
    digest: str


class ArchivedSet(_Record):
    """A Measurement Set made elsewhere: where it lies, and its identity (`ledger.trees`).

    `pointing` is where the pointing declination comes from: told with the set, or its phase centres.
    """

    path: Path
    digest: str
    pointing: Literal["told", "phase centres"] | None


class Centre(_Record):
    """The direction a group is phased to: ICRS, degrees."""

    name: str
    ra_deg: float
    dec_deg: float


class Observation(_Record):
    """A group that may be converted.

    `start` and `end` span the first to the last integration (UTC). `pointing_dec_deg` is the apparent
    declination of a drift scan. `centre` is its calibrator's position if one transits meanwhile;
    without it the profile's own rule counts. `matches` are all calibrators that transit meanwhile, the
    best first. A group has `files`, or is `archived`.
    """

    group: str
    profile: str
    files: tuple[SubbandFile, ...]
    start: datetime
    end: datetime
    pointing_dec_deg: float | None
    centre: Centre | None
    matches: tuple[Match, ...] = ()
    archived: ArchivedSet | None = None

    def save(self, directory: Path) -> Path:
        """Write the record into a product's directory."""
        path = directory / FILE_NAME
        path.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        return path

    @classmethod
    def load(cls, directory: Path) -> "Observation":
        """Read the record of a published ``uvh5_group`` or ``archived_ms``."""
        return cls.model_validate_json((directory / FILE_NAME).read_text(encoding="utf-8"))


def describe(
    group: str, subbands: Sequence[Subband], profile: Profile, matcher: Matcher | None = None
) -> Observation:
    """Describe a group from the header facts that ingest remembered.

    Its calibrator is the best match of `matcher` (default: a standard calibrator by the profile's rules).

    Raises
    ------
    BadInput
        If the group has no subband.
    """
    if not subbands:
        raise BadInput(f"group {group} has no accepted subband", remedy="see `dsa-hcal quarantine list`")
    header = subbands[0].header
    start = header.first_time
    end = start + timedelta(days=header.last_jd - header.first_jd)
    declination = None if header.declination_rad is None else math.degrees(header.declination_rad)
    matches = _matches(start, end, declination, profile, matcher)
    return Observation(
        group=group,
        profile=profile.name,
        files=tuple(
            SubbandFile(number=one.number, path=one.arrival.path, digest=one.arrival.digest)
            for one in subbands
        ),
        start=start,
        end=end,
        pointing_dec_deg=declination,
        centre=_centre(matches),
        matches=matches,
    )


def describe_set(
    group: str,
    ms: Path,
    facts: "SetFacts",
    profile: Profile,
    told_dec_deg: float | None = None,
    matcher: Matcher | None = None,
) -> Observation:
    """Describe a group from what an archived Measurement Set says of itself.

    The pointing of a drift scan is `told_dec_deg` (apparent, deg); without it the mean declination of
    the phase centres, which is the pointing to within their distance from the beam's centre. A
    telescope that tracks has none. `matcher` as in `describe`.
    """
    declination = told_dec_deg if told_dec_deg is not None else facts.field_dec_deg
    if profile.conversion.input_phase == "phased":
        declination = None
    matches = _matches(facts.first, facts.last, declination, profile, matcher)
    pointing: Literal["told", "phase centres"] = "phase centres" if told_dec_deg is None else "told"
    return Observation(
        group=group,
        profile=profile.name,
        files=(),
        start=facts.first,
        end=facts.last,
        pointing_dec_deg=declination,
        centre=_centre(matches),
        matches=matches,
        archived=ArchivedSet(
            path=ms, digest=facts.digest, pointing=None if declination is None else pointing
        ),
    )


def _matches(
    start: datetime, end: datetime, declination: float | None, profile: Profile, matcher: Matcher | None
) -> tuple[Match, ...]:
    if profile.calibration.selection != "transit" or declination is None or profile.stations is None:
        return ()
    chosen = matcher or Matcher.of(profile, RadioSettings(), load_standards())
    return tuple(chosen.between(start, end, declination))


def _centre(matches: Sequence[Match]) -> Centre | None:
    if not matches:
        return None
    best = matches[0].calibrator
    return Centre(name=best.name, ra_deg=best.ra_deg, dec_deg=best.dec_deg)
