"""Cone search: what a catalogue has within an angle of a position."""

from dataclasses import dataclass

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.catalogues.sky_pixels import pixels_of_cone
from dsa_hcal_assets.radio.catalogues.store import current_catalogue

# Half the sky: beyond it the separation loses digits, and a cone is no way to ask.
WIDEST_DEG = 90.0
# The pixels bring the candidates by the index, the exact separation decides.
QUERY = """
select s.source_number, s.name, s.ra_deg, s.dec_deg, d.separation_deg, s.flux_jy, s.flux_error_jy,
    c.frequency_hz, s.spectral_index, s.position_error_arcsec
from radio.catalogue c
join radio.catalogue_source s on s.catalogue_id = c.catalogue_id and s.healpix = any(%(pixels)s)
cross join lateral (
    select radio.separation_deg(s.ra_deg, s.dec_deg, %(ra)s, %(dec)s) as separation_deg
) d
where c.name = %(name)s and c.state = 'current' and d.separation_deg <= %(radius)s
    and (%(faintest)s::float8 is null or s.flux_jy >= %(faintest)s)
order by d.separation_deg, s.source_number
limit %(limit)s
"""


@dataclass(frozen=True)
class CatalogueSource:
    """A source found: ICRS deg, separation from the centre asked for in deg, flux density in Jy.

    What the catalogue does not have is None. `frequency_hz` is where the flux density holds.
    """

    number: int
    name: str | None
    ra_deg: float
    dec_deg: float
    separation_deg: float
    flux_jy: float | None
    flux_error_jy: float | None
    frequency_hz: float | None
    spectral_index: float | None
    position_error_arcsec: float | None


def cone_search(
    database: Database,
    catalogue: str,
    ra_deg: float,
    dec_deg: float,
    radius_deg: float,
    *,
    faintest_jy: float | None = None,
    limit: int | None = None,
) -> list[CatalogueSource]:
    """Return the sources of a catalogue's current version within a radius, the nearest first.

    Parameters
    ----------
    database
        Where it is.
    catalogue
        Its name.
    ra_deg, dec_deg, radius_deg
        Centre (ICRS) and radius, deg; the radius at most `WIDEST_DEG`.
    faintest_jy
        Leave out what is fainter or has no flux density, Jy.
    limit
        Most sources returned.

    Raises
    ------
    UnknownCatalogue
        If it is not loaded.
    BadInput
        If the cone is none.
    """
    if not (0 <= radius_deg <= WIDEST_DEG and -90 <= dec_deg <= 90):
        raise BadInput(
            "there is no such cone",
            expected=f"a radius of 0 to {WIDEST_DEG:g} deg, a declination of -90 to 90 deg",
            found=f"radius {radius_deg:g}, declination {dec_deg:g}",
        )
    values = cone_parameters(catalogue, ra_deg, dec_deg, radius_deg) | {
        "faintest": faintest_jy,
        "limit": limit,
    }
    rows = database.rows(QUERY, values)
    if not rows:
        current_catalogue(database, catalogue)
    return [CatalogueSource(*row) for row in rows]


def cone_parameters(catalogue: str, ra_deg: float, dec_deg: float, radius_deg: float) -> dict[str, object]:
    """Return the parameters of `QUERY` for a cone, without flux limit and number."""
    return {
        "name": catalogue,
        "pixels": pixels_of_cone(ra_deg % 360.0, dec_deg, radius_deg).tolist(),
        # numbers of numpy are none to psycopg2
        "ra": float(ra_deg),
        "dec": float(dec_deg),
        "radius": float(radius_deg),
        "faintest": None,
        "limit": None,
    }
