"""Source tables with known content, as if read from a file."""

import numpy as np
from numpy.typing import ArrayLike

from dsa_hcal_assets.radio.catalogues.survey_tables import SourceTable


def table_of(ra_deg: ArrayLike, dec_deg: ArrayLike, flux_jy: ArrayLike | None = None) -> SourceTable:
    """A table of sources named by their row; without flux densities they are not measured."""
    ra, dec = np.atleast_1d(np.asarray(ra_deg, float)), np.atleast_1d(np.asarray(dec_deg, float))
    missing = np.full(len(ra), np.nan)
    return SourceTable(
        numbers=np.arange(1, len(ra) + 1),
        names=[f"S{number}" for number in range(1, len(ra) + 1)],
        ra_deg=ra,
        dec_deg=dec,
        flux_jy=missing if flux_jy is None else np.asarray(flux_jy, float),
        flux_error_jy=missing,
        spectral_index=missing,
        position_error_arcsec=missing,
        frequency_hz=1.4e9,
        columns={"ra": "ra [deg]"},
        refused=0,
        problems=(),
    )


def scattered(count: int, seed: int = 0) -> SourceTable:
    """Sources all over the sky, with flux densities of 1 mJy to some Jy."""
    rng = np.random.default_rng(seed)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    return table_of(rng.uniform(0, 360, count), dec, 1e-3 / rng.uniform(3e-4, 1, count))
