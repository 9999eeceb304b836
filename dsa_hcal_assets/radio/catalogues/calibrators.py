"""Calibrators to choose from, and the other sources of a field, as sources with a spectrum."""

from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.calibration.standards import (
    Calibrator,
    load_calibrators,
    same_source,
    with_standards,
)
from dsa_hcal_assets.radio.catalogues.cone import cone_search
from dsa_hcal_assets.radio.catalogues.vla_list import BandFlux, ListedCalibrator

# typical spectral index of sources at 1.4 GHz (Condon 1984, ApJ 287, 461)
TYPICAL_INDEX = -0.7


def known_calibrators(database: Database | None = None, path: Path | None = None) -> tuple[Calibrator, ...]:
    """Return all calibrators that have a flux density near 1.4 GHz, each source once.

    The operator's file comes first, where it is a table of its own it may replace standards; then the
    standards, then the lists loaded into the database.

    Parameters
    ----------
    database
        Where ``dsa-hcal catalogue load`` put lists; None: not asked.
    path
        See `load_calibrators`.

    Raises
    ------
    ConfigurationError, BadInput
        If the file cannot be read.
    """
    known = load_calibrators(path)
    if database is None:
        return known
    names = {one.name for one in known}
    others = [one for one in with_standards(listed_calibrators(database)) if one.name not in names]
    return known + tuple(one for one in others if not any(same_source(one, other) for other in known))


def listed_calibrators(database: Database) -> tuple[ListedCalibrator, ...]:
    """Return the sources of the current calibrator lists in the database, with their bands."""
    bands: dict[tuple[int, int], list[BandFlux]] = {}
    for catalogue, number, *values in database.rows(
        "select b.catalogue_id, b.source_number, b.band, b.frequency_hz, b.wavelength_cm, b.flux_jy, "
        "b.quality, b.uvmin_klambda, b.uvmax_klambda from radio.calibrator_band b "
        "join radio.catalogue c using (catalogue_id) where c.state = 'current' "
        "order by b.catalogue_id, b.source_number, b.wavelength_cm desc"
    ):
        bands.setdefault((catalogue, number), []).append(BandFlux(*values))
    rows = database.rows(
        "select s.catalogue_id, s.source_number, s.name, k.aliases, s.ra_deg, s.dec_deg, k.position_code "
        "from radio.current_source s join radio.calibrator k using (catalogue_id, source_number) "
        "order by s.catalogue_id, s.source_number"
    )
    return tuple(
        ListedCalibrator(name, tuple(aliases), ra, dec, code, tuple(bands.get((catalogue, number), ())))
        for catalogue, number, name, aliases, ra, dec, code in rows
    )


def field_sources(
    database: Database, catalogue: str, ra_deg: float, dec_deg: float, radius_deg: float, faintest_jy: float
) -> tuple[Calibrator, ...]:
    """Return the sources of a survey in a field, with power laws; the nearest to its centre first.

    Parameters
    ----------
    database, catalogue
        Where they are; a catalogue with flux densities.
    ra_deg, dec_deg, radius_deg
        The field, ICRS deg.
    faintest_jy
        Faintest flux density at the catalogue's frequency, Jy; sources of no positive one are left out.

    Raises
    ------
    UnknownCatalogue
        If it is not loaded.
    """
    return tuple(
        Calibrator.of_power_law(
            one.name or f"{catalogue}-{one.number}",
            one.ra_deg,
            one.dec_deg,
            one.flux_jy,
            TYPICAL_INDEX if one.spectral_index is None else one.spectral_index,
            one.frequency_hz,
        )
        for one in cone_search(database, catalogue, ra_deg, dec_deg, radius_deg, faintest_jy=faintest_jy)
        if one.flux_jy and one.flux_jy > 0 and one.frequency_hz
    )
