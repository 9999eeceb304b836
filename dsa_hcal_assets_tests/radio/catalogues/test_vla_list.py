"""The VLA calibrator list as text: every kind of line is read, everything else is told by number."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.radio.calibration.standards import load_standards, same_source, with_standards
from dsa_hcal_assets.radio.catalogues.vla_list import BandFlux, parse_list
from dsa_hcal_assets_tests.radio.catalogues.excerpts import LIST, block

FULL_LIST = os.environ.get("VLA_CALIBRATOR_LIST_FOR_TESTS", "")
SOURCES = {one.name: one for one in parse_list(LIST).sources}


def rows(name: str) -> dict[str, BandFlux]:
    return {one.band: one for one in SOURCES[name].fluxes}


def test_the_excerpt_has_three_sources_and_no_trouble() -> None:
    assert list(SOURCES) == ["1331+305", "0006-000", "0208-004"]
    assert parse_list(LIST).problems == ()


def test_blanks_at_the_ends_of_lines_do_not_count() -> None:
    assert parse_list("\r\n".join(f"{line}   " for line in LIST.splitlines())) == parse_list(LIST)


def test_position_and_names() -> None:
    found = SOURCES["1331+305"]
    assert found.ra_deg == pytest.approx(202.78453326667, abs=1e-11)
    assert found.dec_deg == pytest.approx(30.50915523611, abs=1e-11)
    assert found.aliases == ("3C286", "1328+307")
    assert found.position_error_arcsec == 0.002
    assert SOURCES["0006-000"].position_error_arcsec is None


def test_minus_zero_degrees_is_south_of_the_equator() -> None:
    assert SOURCES["0006-000"].dec_deg == pytest.approx(-(4 + 24.086 / 60) / 60)


def test_a_survey_is_no_name() -> None:
    assert SOURCES["0208-004"].aliases == ("0205-010",)


def test_columns_are_told_apart_in_rows_with_a_plot_and_without() -> None:
    found = rows("1331+305")
    assert (found["P"].flux_jy, found["P"].quality) == (26, "SSSS")
    assert (found["L"].flux_jy, found["L"].quality, found["L"].uvmax_klambda) == (15, "SSPP", None)
    assert (found["C"].uvmin_klambda, found["C"].uvmax_klambda) == (300, None)
    assert (found["X"].uvmin_klambda, found["X"].uvmax_klambda) == (None, 400)
    assert (found["U"].uvmin_klambda, found["U"].uvmax_klambda, found["U"].quality) == (6, 15, "SSSS")
    assert [one.wavelength_cm for one in found.values()] == [90, 20, 6, 3.7, 2]


def test_what_was_not_measured_is_none_and_not_zero() -> None:
    found = rows("0006-000")
    assert (found["P"].quality, found["P"].uvmin_klambda) == ("XSS?", 0.7)
    assert found["L"].uvmax_klambda == 1.5
    assert (found["C"].flux_jy, found["C"].uvmax_klambda) == (None, 12)
    assert (found["U"].flux_jy, found["U"].quality) == (None, "????")
    assert (found["Q"].flux_jy, found["Q"].quality) == (None, "XX?W")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("something else", "neither a position"),
        ("0006-000   J2000  T 00h06m22.6338s   -00d64'24.086\"", "outside the sky"),
        ("0006-000   J2000  T 25h06m22.6338s   -00d04'24.086\"", "outside the sky"),
        (" 20cm    L  X X X S        two", "could not convert"),
        (" 20cm    L  X X X S        1.0 2.0", "two numbers in the column of flux"),
        (" 20cm    Z  X X X S        1.0", "unknown band Z"),
        ("0.7cm    Q  W W W W       0.16", "0.7 cm comes twice for 0208-004"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_costs_only_itself(line: str, reason: str) -> None:
    found = parse_list(f"{LIST}{line}\n")
    (problem,) = found.problems
    assert problem.line == len(LIST.splitlines()) + 1
    assert problem.text == line.rstrip()
    assert reason in problem.reason
    assert found.sources == parse_list(LIST).sources


def test_rows_below_a_position_that_cannot_be_read_join_no_other_source() -> None:
    broken = block("0300+300", "03h00m00.0s 30d99'00.0\"", " 20cm    L  P P P P       9.99")
    found = parse_list(LIST + broken)
    assert [one.reason for one in found.problems] == [
        "a position outside the sky",
        "a band without a source above it",
    ]
    assert found.sources == parse_list(LIST).sources


class TestNamesThatComeAgain:
    first = block("0354+801", "03h54m46.1258s 80d09'28.816\"", "0.7cm    Q  W W W W       0.17")

    def test_at_one_place_the_rows_are_joined(self) -> None:
        again = block("0354+801", "03h54m46.1259s 80d09'28.848\"", " 20cm    L  X X X X       0.60")
        found = parse_list(self.first + again)
        (source,) = found.sources
        assert [one.band for one in source.fluxes] == ["Q", "L"]
        assert [one.reason for one in found.problems] == ["0354+801 comes again; its rows go to 0354+801"]

    def test_at_another_place_it_is_another_source(self) -> None:
        other = block("0354+801", "03h54m46.1259s 80d19'28.848\"", " 20cm    L  X X X X       0.60")
        found = parse_list(self.first + other)
        assert [one.name for one in found.sources] == ["0354+801", "0354+801b"]
        assert [len(one.fluxes) for one in found.sources] == [1, 1]
        assert len(found.problems) == 1


@given(
    ra=st.floats(0, 359.99999),
    dec=st.floats(-89.99999, 89.99999),
)
def test_a_position_survives_its_spelling(ra: float, dec: float) -> None:
    from astropy.coordinates import Angle

    hours = Angle(ra, "deg").to_string(unit="hourangle", sep="hms", precision=7, pad=True)
    degrees = Angle(abs(dec), "deg").to_string(unit="deg", precision=6, pad=True, sep=("d", "'", '"'))
    text = block("0000+000", f"{hours} {'-' if dec < 0 else ''}{degrees}")
    (found,) = parse_list(text).sources
    assert abs((found.ra_deg - ra + 180) % 360 - 180) < 1e-9
    assert found.dec_deg == pytest.approx(dec, abs=1e-9)


@pytest.mark.skipif(not FULL_LIST, reason="VLA_CALIBRATOR_LIST_FOR_TESTS names no copy of the full list")
def test_the_whole_list() -> None:
    found = parse_list(Path(FULL_LIST).read_text(encoding="utf-8"))
    assert len(found.sources) == 1863
    assert sum(len(one.fluxes) for one in found.sources) == 5548
    assert sum(any(row.band == "L" for row in one.fluxes) for one in found.sources) == 1042
    # four names come twice (two of them are two sources), and one row comes twice
    assert [one.line for one in found.problems] == [2646, 4514, 9248, 13539, 13544]
    by_name = {name: one for one in found.sources for name in (one.name, *one.aliases)}
    # the list has no 3C353
    for standard in (one for one in load_standards() if one.name != "3C353"):
        one = by_name[standard.name]
        assert standard.separation_deg(one.ra_deg, one.dec_deg) * 3600 < 1.0, standard.name
    listed = with_standards(found.sources)
    standards = load_standards()
    assert listed[: len(standards)] == standards
    assert not any(same_source(one, known) for one in listed[len(standards) :] for known in standards)
