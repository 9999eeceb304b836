"""What is known about calibrators, for a group: how they are matched, what a solve is given."""

from pathlib import Path

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.radio.calibration.standards import Calibrator, write_sources
from dsa_hcal_assets.radio.catalogues.calibrators import known_calibrators
from dsa_hcal_assets.radio.catalogues.neighbours import neighbours, survey_near
from dsa_hcal_assets.radio.catalogues.schedule import FREQUENCY_HZ, Matcher
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.model import Profile


def matcher_of(installation: Installation, profile: Profile) -> Matcher | None:
    """Return the matcher of a drift scan's profile with the installation's settings and catalogues."""
    if profile.calibration.selection != "transit" or profile.stations is None:
        return None
    settings = installation.settings.radio
    known = known_calibrators(installation.database, settings.calibrator_list)
    return Matcher.of(profile, settings, known)


def for_solve(installation: Installation, profile: Profile) -> Profile:
    """Return the profile with the match limits of the settings, as the group was matched with."""
    settings, rules = installation.settings.radio, profile.calibration
    changed = {
        "match_radius_deg": settings.match_radius_deg or rules.match_radius_deg,
        "match_top": settings.match_top or rules.match_top,
    }
    return profile.model_copy(update={"calibration": rules.model_copy(update=changed)})


def write_tables(
    installation: Installation,
    observation: Observation,
    profile: Profile,
    place: Path,
    source: Calibrator | None,
) -> dict[str, str | None]:
    """Write what a worker has no database for: the group's calibrators and what is around `source`.

    Returns
    -------
    dict
        Arguments ``calibrators`` and ``neighbours`` of the solve: paths in `place`, None without any.
    """
    matched = [one.calibrator for one in observation.matches]
    own = [one for one in matched if one.standard is None]
    around = _around(installation, source, profile) if source else ()
    return {
        "calibrators": str(write_sources(place / "calibrators.csv", own)) if own else None,
        "neighbours": str(write_sources(place / "neighbours.csv", around)) if around else None,
    }


def _around(installation: Installation, source: Calibrator, profile: Profile) -> tuple[Calibrator, ...]:
    survey = survey_near(installation.database, FREQUENCY_HZ)
    if survey is None:
        return ()
    return neighbours(installation.database, survey, source, profile.dish_diameter_m, FREQUENCY_HZ)
