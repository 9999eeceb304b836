"""Tables of surveys: columns found by their usual names, units by what the file says."""

from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.table import MaskedColumn, Table

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.catalogues.survey_tables import SourceTable, read_survey

RA, DEC = np.array([0.0, 202.7845329, 359.9999]), np.array([-40.0, 30.509155, 89.5])
FLUX = np.array([2.5e-3, 15.0, 0.3])
FORMS = {"x.fits": "fits", "x.fits.gz": "fits", "x.vot": "votable", "x.ecsv": "ascii.ecsv"}


def saved(table: Table, path: Path, form: str = "fits") -> Path:
    table.write(path, format=form)
    return path


def vizier_nvss() -> Table:
    """As VizieR delivers VIII/65: millijansky, errors of right ascension in seconds of time."""
    return Table(
        {
            "NVSS": ["A", "B", "C"],
            "RAJ2000": RA * units.deg,
            "e_RAJ2000": np.array([0.1, 0.02, 0.03]) * units.s,
            "DEJ2000": DEC * units.deg,
            "e_DEJ2000": np.array([0.2, 0.6, 0.5]) * units.arcsec,
            "S1.4": FLUX * 1e3 * units.mJy,
            "e_S1.4": FLUX * 30 * units.mJy,
        }
    )


def require_truth(found: SourceTable) -> None:
    assert found.ra_deg == pytest.approx(RA)
    assert found.dec_deg == pytest.approx(DEC)
    assert found.flux_jy == pytest.approx(FLUX)
    assert found.flux_error_jy == pytest.approx(FLUX * 0.03)
    assert found.names == ["A", "B", "C"]
    assert found.refused == 0


@pytest.mark.parametrize(("name", "form"), FORMS.items())
def test_nvss_in_every_form(tmp_path: Path, name: str, form: str) -> None:
    found = read_survey(saved(vizier_nvss(), tmp_path / name, form), "nvss")
    require_truth(found)
    assert found.frequency_hz == 1.4e9
    # a second of time is 15 arcsec at the equator, less by cos(declination) elsewhere
    assert found.position_error_arcsec == pytest.approx([1.5 * np.cos(np.radians(40)), 0.6, 0.5])
    assert found.columns["flux"] == "S1.4 [mJy]"


def test_a_plain_csv_says_its_units_in_its_names(tmp_path: Path) -> None:
    table = Table({"source_id": ["A", "B", "C"], "ra_deg": RA, "dec_deg": DEC, "flux_mjy": FLUX * 1e3})
    table["flux_err_mjy"] = FLUX * 30
    require_truth(read_survey(saved(table, tmp_path / "x.csv", "ascii.csv"), "FIRST"))


def test_vlass_of_cirada(tmp_path: Path) -> None:
    table = Table({"Component_name": ["A", "B", "C"], "RA": RA * units.deg, "DEC": DEC * units.deg})
    table["Total_flux"] = FLUX * 1e3 * units.mJy
    table["E_Total_flux"] = FLUX * 30 * units.mJy
    found = read_survey(saved(table, tmp_path / "x.fits"), "vlass-ql")
    require_truth(found)
    assert found.frequency_hz == 3.0e9


def test_sexagesimal_positions(tmp_path: Path) -> None:
    table = Table({"RAJ2000": ["13 31 08.288", "23 59 59.9"], "DEJ2000": ["+30 30 32.96", "-00 00 01"]})
    found = read_survey(saved(table, tmp_path / "x.csv", "ascii.csv"))
    assert found.ra_deg == pytest.approx([202.78453333, 359.99958333])
    assert found.dec_deg == pytest.approx([30.50915556, -1 / 3600])
    assert np.isnan(found.flux_jy).all()
    assert found.frequency_hz is None


def test_columns_and_units_may_be_said(tmp_path: Path) -> None:
    table = Table({"lon": np.radians(RA), "lat": np.radians(DEC), "s": FLUX * 1e6, "ra": [7.0, 7, 7]})
    found = read_survey(
        saved(table, tmp_path / "x.fits"),
        columns={"ra": "lon", "dec": "lat", "flux": "s"},
        units={"ra": "rad", "dec": "rad", "flux": "uJy"},
        frequency_hz=0.9e9,
    )
    assert found.ra_deg == pytest.approx(RA)
    assert found.flux_jy == pytest.approx(FLUX)


@pytest.mark.parametrize("unit", ["mJy/beam", "mJy / beam", "mJy beam-1", "MJY", "mJy.beam^-1"])
def test_peak_flux_densities_count_where_there_are_no_others(tmp_path: Path, unit: str) -> None:
    table = Table({"ra": RA, "dec": DEC, "Peak_flux": FLUX * 1e3})
    path = saved(table, tmp_path / "x.csv", "ascii.csv")
    assert read_survey(path, "first", units={"flux": unit}).flux_jy == pytest.approx(FLUX)
    table["Peak_flux"].unit = "mJy/beam"
    assert read_survey(saved(table, tmp_path / "x.fits"), "first").flux_jy == pytest.approx(FLUX)


def test_missing_values_are_missing_and_not_zero(tmp_path: Path) -> None:
    table = vizier_nvss()
    table["S1.4"] = MaskedColumn([1.0, 2.0, 3.0], mask=[False, True, False], unit="mJy")
    found = read_survey(saved(table, tmp_path / "x.fits"), "nvss")
    assert found.flux_jy == pytest.approx([1e-3, np.nan, 3e-3], nan_ok=True)


def test_rows_without_a_position_are_counted_and_told(tmp_path: Path) -> None:
    table = Table({"ra": [1.0, np.nan, 3.0, 720.0], "dec": [1.0, 2.0, 95.0, 4.0]})
    found = read_survey(saved(table, tmp_path / "x.fits"))
    assert found.numbers.tolist() == [1]
    assert found.refused == 3
    assert [one.line for one in found.problems] == [2, 3, 4]


def test_right_ascension_ends_below_360(tmp_path: Path) -> None:
    table = Table({"ra": [360.0, -1e-17, -10.0], "dec": [0.0, 0, 0]})
    assert read_survey(saved(table, tmp_path / "x.fits")).ra_deg.tolist() == [0, 0, 350]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (Table({"x": [1.0], "dec": [1.0]}), r"--column ra=NAME"),
        (Table({"ra": [1.0], "dec": [1.0], "flux": [1.0]}), r"--unit flux=mJy"),
        (Table({"ra": [1.0], "dec": [1.0], "flux": [1.0] * units.K}), r"converts to Jy"),
        (Table({"ra": [1.0], "dec": [1.0], "flux_mjy": [1.0]}), r"--frequency HZ"),
        (Table({"ra": [np.nan], "dec": [1.0]}), r"no row with a position"),
    ],
)
def test_what_is_not_known_is_asked_for(tmp_path: Path, table: Table, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_survey(saved(table, tmp_path / "mine.fits"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x.fits", "x.fits cannot be read as fits"),
        ("x.vot", "x.vot cannot be read as votable"),
        ("x.csv", "no column of the table"),
        ("x.doc", "x.doc is of no known form"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / name).write_bytes(b"\x00\x01 nothing of the kind")
    with pytest.raises(BadInput, match=told):
        read_survey(tmp_path / name)


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column lon"):
        read_survey(saved(vizier_nvss(), tmp_path / "x.fits"), "nvss", columns={"ra": "lon"})
    with pytest.raises(BadInput, match="no such meaning"):
        read_survey(tmp_path / "x.fits", "nvss", columns={"longitude": "lon"})
