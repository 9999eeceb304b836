"""The shipped calibrator table agrees with CASA's own copy of the flux density scale."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.calibration.standards import (
    Calibrator,
    load_calibrators,
    load_standards,
    read_sources,
    same_source,
    separation_deg,
)
from dsa_hcal_assets.radio.catalogues.vla_list import BAND_HZ, BandFlux, ListedCalibrator
from dsa_hcal_assets_tests.radio.catalogues.excerpts import LIST

# sources whose brightness varies: CASA follows them, the published table holds one epoch (2012)
VARIABLE = {"3C48", "3C138", "3C147"}


def test_3c286_at_1400_mhz() -> None:
    source = next(one for one in load_standards() if one.name == "3C286")
    assert source.flux_jy(1.4e9) == pytest.approx(15.08, abs=0.02)


@pytest.mark.radio
def test_coefficients_are_those_of_casa() -> None:
    from casacore.tables import table

    from dsa_hcal_assets.workers.casa import measures_directory

    path = measures_directory() / "nrao" / "VLA" / "standards" / "PerleyButler2017Coeffs"
    with table(str(path), ack=False) as coefficients:
        for source in load_standards():
            if source.name not in VARIABLE:
                stored = np.trim_zeros(np.atleast_1d(coefficients.getcell(f"{source.name}_coeffs", 0)), "b")
                assert source.coefficients == pytest.approx(tuple(stored), abs=1e-6), source.name


def test_a_power_law_has_its_flux_at_its_frequency() -> None:
    source = Calibrator.of_power_law("x", 0, 0, 5.0, -0.7, 1.4e9)
    assert source.flux_jy(1.4e9) == pytest.approx(5)
    assert source.flux_jy(2.8e9) == pytest.approx(5 * 2**-0.7)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0), (0, 1e-7), 1e-7),
        ((359.9, 0), (0.1, 0), 0.2),
        ((10, 89.9), (190, 89.9), 0.2),
        ((0, 0), (180, 0), 180),
    ],
)
def test_separation(one: tuple[float, float], other: tuple[float, float], expected: float) -> None:
    assert separation_deg(*one, *other) == pytest.approx(expected, rel=1e-9)


class TestListedSources:
    def listed(self, **jy: float | None) -> ListedCalibrator:
        rows = tuple(BandFlux(band, BAND_HZ[band], 1.0, flux) for band, flux in jy.items())
        return ListedCalibrator("1330+309", ("3C0",), 202.5, 30.9, "A", rows)

    def test_two_bands_around_20_cm_give_a_power_law(self) -> None:
        found = Calibrator.of_listed(self.listed(L=4.0, C=2.0, Q=0.01, X=None))
        assert found is not None
        assert found.flux_jy(BAND_HZ["L"]) == pytest.approx(4.0)
        assert found.flux_jy(BAND_HZ["C"]) == pytest.approx(2.0)

    def test_one_band_alone_is_flat(self) -> None:
        found = Calibrator.of_listed(self.listed(L=4.0))
        assert found is not None
        assert found.flux_jy(1.3e9) == found.flux_jy(1.5e9) == pytest.approx(4.0)

    def test_without_a_flux_density_near_20_cm_there_is_none(self) -> None:
        assert Calibrator.of_listed(self.listed(P=9.0, C=2.0)) is None
        assert Calibrator.of_listed(self.listed()) is None
        assert Calibrator.of_listed(self.listed(C=2.0), near_hz=5e9) is not None

    def test_a_file_of_the_list_adds_to_the_standards_and_replaces_none(self, tmp_path: Path) -> None:
        (tmp_path / "list.txt").write_text(LIST)
        found = load_calibrators(tmp_path / "list.txt")
        assert found[:-1] == load_standards()
        assert found[-1].name == "0006-000"

    def test_one_source_by_position_or_by_name(self) -> None:
        source = next(one for one in load_standards() if one.name == "3C286")
        assert same_source(Calibrator("x", (), source.ra_deg, source.dec_deg + 5 / 3600, ()), source)
        assert not same_source(Calibrator("x", (), source.ra_deg, source.dec_deg + 15 / 3600, ()), source)
        assert same_source(Calibrator("1331+305", (), 0, 0, ()), source)


class TestOwnTables:
    def test_own_sources_come_before_the_standards_and_replace_them(self, tmp_path: Path) -> None:
        path = tmp_path / "own.csv"
        path.write_text("# mine\n3C286,,202.78,30.51,1.0 -0.5\nNEW,alias,10,20,0.5\n")
        found = load_calibrators(path)
        assert [one.name for one in found[:2]] == ["3C286", "NEW"]
        assert sum(one.name == "3C286" for one in found) == 1
        assert found[0].standard is None

    @pytest.mark.parametrize("line", ["A,,1,2", "A,,x,2,1", "A,,1,2,one two"])
    def test_a_bad_line_is_named(self, tmp_path: Path, line: str) -> None:
        path = tmp_path / "own.csv"
        path.write_text(f"GOOD,,1,2,1\n{line}\n")
        with pytest.raises(ConfigurationError, match=r"own.csv, line 2"):
            read_sources(path)

    def test_a_missing_table_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"absent.csv cannot be read"):
            read_sources(tmp_path / "absent.csv")
