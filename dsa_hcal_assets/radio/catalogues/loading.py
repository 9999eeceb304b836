"""From a file of the user to a catalogue in the database."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import psycopg2.errors

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.catalogues.store import Catalogue, content_checksum, store_catalogue
from dsa_hcal_assets.radio.catalogues.survey_tables import SourceTable, read_survey
from dsa_hcal_assets.radio.catalogues.vla_list import BAND_HZ, CalibratorList, ListedCalibrator
from dsa_hcal_assets.radio.catalogues.vla_tables import is_calibrator_list, read_calibrator_list

# The flux density of a calibrator among the sources is that at 20 cm.
_BAND = "L"


def load_catalogue(
    database: Database,
    name: str,
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    frequency_hz: float | None = None,
    keep_history: bool = True,
) -> Catalogue:
    """Load a catalogue under a name: the VLA calibrator list, or the table of a survey.

    What a file is, is seen from its content. Loading the same again changes nothing.

    Parameters
    ----------
    database
        Where to.
    name
        Lower case letters, digits, ``_ . -``; that of a survey gives the frequency.
    path
        The file.
    columns, units, frequency_hz
        For surveys, see `read_survey`.
    keep_history
        Keep the sources of older versions.

    Raises
    ------
    BadInput
        If the file cannot be read, or the name is not allowed; see `read_survey`, `read_calibrator_list`.
    """
    choices = {"columns": dict(columns or {}), "units": dict(units or {}), "frequency_hz": frequency_hz}
    calibrators: Sequence[ListedCalibrator] = ()
    if is_calibrator_list(path):
        listed = read_calibrator_list(path)
        calibrators, table = listed.sources, _as_table(listed)
    else:
        table = read_survey(path, name, columns=columns, units=units, frequency_hz=frequency_hz)
    try:
        return store_catalogue(
            database,
            name,
            table,
            origin=path.name,
            checksum=content_checksum(path, choices),
            calibrators=calibrators,
            keep_history=keep_history,
        )
    except psycopg2.errors.CheckViolation as error:
        raise BadInput(
            f"catalogue {name!r} cannot be stored", found=str(error).splitlines()[0], kept="nothing changed"
        ) from error


def _as_table(listed: CalibratorList) -> SourceTable:
    sources = listed.sources
    missing = np.full(len(sources), np.nan)
    return SourceTable(
        numbers=np.arange(1, len(sources) + 1),
        names=[one.name for one in sources],
        ra_deg=np.array([one.ra_deg for one in sources]),
        dec_deg=np.array([one.dec_deg for one in sources]),
        flux_jy=np.array([_flux_jy(one) for one in sources]),
        flux_error_jy=missing,
        spectral_index=missing,
        position_error_arcsec=np.array([one.position_error_arcsec or np.nan for one in sources]),
        frequency_hz=BAND_HZ[_BAND],
        columns={"flux": f"FLUX(Jy) of band {_BAND}"},
        refused=len(listed.problems),
        problems=listed.problems,
    )


def _flux_jy(source: ListedCalibrator) -> float:
    found = [one.flux_jy for one in source.fluxes if one.band == _BAND and one.flux_jy]
    return found[0] if found else np.nan
