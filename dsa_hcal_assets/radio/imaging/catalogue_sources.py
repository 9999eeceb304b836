"""Sources of a loaded catalogue, for the comparison of images with it."""

import math
from collections.abc import Iterable

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.catalogues.calibrators import TYPICAL_INDEX
from dsa_hcal_assets.radio.catalogues.cone import cone_search
from dsa_hcal_assets.radio.catalogues.store import catalogues, current_catalogue
from dsa_hcal_assets.radio.imaging.measurements import KnownSource

# fainter sources are below ten times the noise of any tile
FAINTEST_JY = 0.005
MOST_SOURCES = 300
# L band: where both telescopes observe
NEAR_HZ = 1.4e9


def known_sources(
    database: Database,
    centres_deg: Iterable[tuple[float, float]],
    radius_deg: float,
    preferred: str | None = None,
) -> tuple[str, list[KnownSource]]:
    """Return a catalogue and its sources in the fields, the brightest ones of each.

    Parameters
    ----------
    database
        Where catalogues are loaded.
    centres_deg, radius_deg
        The fields, ICRS (ra, dec), deg.
    preferred
        Name of the catalogue; None: of all surveys loaded the nearest in frequency with sources there.

    Returns
    -------
    str
        Name of the catalogue; empty: none is loaded that has sources there.
    list of KnownSource
        Flux densities at the catalogue's frequency, before any primary beam.

    Raises
    ------
    UnknownCatalogue
        If `preferred` is not loaded.
    """
    fields = list(centres_deg)
    for name in [current_catalogue(database, preferred).name] if preferred else _surveys(database):
        found = {
            (one.ra_deg, one.dec_deg): one
            for centre in fields
            for one in _brightest(database, name, centre, radius_deg)
        }
        if found:
            return name, list(found.values())
    return "", []


def _surveys(database: Database) -> list[str]:
    loaded = [
        one
        for one in catalogues(database)
        if one.state == "current" and one.kind == "sources" and one.frequency_hz
    ]
    return [
        one.name for one in sorted(loaded, key=lambda one: abs(math.log((one.frequency_hz or 1) / NEAR_HZ)))
    ]


def _brightest(
    database: Database, name: str, centre: tuple[float, float], radius_deg: float
) -> list[KnownSource]:
    found = [
        KnownSource(
            one.name or f"{name}-{one.number}",
            one.ra_deg,
            one.dec_deg,
            one.flux_jy,
            index=TYPICAL_INDEX if one.spectral_index is None else one.spectral_index,
            at_hz=one.frequency_hz,
        )
        for one in cone_search(database, name, *centre, radius_deg, faintest_jy=FAINTEST_JY)
        if one.flux_jy and one.frequency_hz
    ]
    return sorted(found, key=lambda one: one.jy, reverse=True)[:MOST_SOURCES]
