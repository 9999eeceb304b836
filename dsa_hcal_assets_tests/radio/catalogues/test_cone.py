"""Cone search in the database against a look at every source."""

import json
from collections.abc import Iterator

import numpy as np
import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.standards import separation_deg
from dsa_hcal_assets.radio.catalogues.cone import QUERY, cone_parameters, cone_search
from dsa_hcal_assets.radio.catalogues.store import UnknownCatalogue, store_catalogue
from dsa_hcal_assets.radio.catalogues.survey_tables import SourceTable
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.radio.catalogues.skies import scattered, table_of

# where coordinates are awkward: both poles, and either side of right ascension zero
RNG = np.random.default_rng(3)
POLES = table_of(RNG.uniform(0, 360, 400), np.repeat([1, -1], 200) * (90 - RNG.exponential(0.5, 400)))
SEAM = table_of(RNG.normal(0, 0.5, 400) % 360, RNG.normal(0, 30, 400))
SKY = scattered(20_000)
TABLES = {"sky": SKY, "poles": POLES, "seam": SEAM}


@pytest.fixture(scope="module")
def sky(server: EmbeddedServer, migrated_template: str) -> Iterator[Database]:
    """A database with the three catalogues, filled once."""
    name = "cones"
    copy = sql.SQL("create database {} template {}")
    administer(server, copy.format(sql.Identifier(name), sql.Identifier(migrated_template)))
    database = Database(server.url(name))
    for catalogue, table in TABLES.items():
        store_catalogue(database, catalogue, table, origin="made", checksum=catalogue)
    yield database
    database.close()
    administer(server, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def brute_force(table: SourceTable, ra: float, dec: float, radius: float) -> dict[int, float]:
    """Every source within the radius by number, with its separation."""
    distances = [separation_deg(ra, dec, a, d) for a, d in zip(table.ra_deg, table.dec_deg, strict=True)]
    return {row + 1: distance for row, distance in enumerate(distances) if distance <= radius}


def require_same(database: Database, name: str, ra: float, dec: float, radius: float) -> None:
    found = {one.number: one.separation_deg for one in cone_search(database, name, ra, dec, radius)}
    expected = brute_force(TABLES[name], ra, dec, radius)
    # a source on the rim itself may be in or out by rounding
    on_rim = {
        number
        for number in found.keys() ^ expected.keys()
        if abs({**found, **expected}[number] - radius) < 1e-9
    }
    assert found.keys() - on_rim == expected.keys() - on_rim
    for number in found.keys() & expected.keys():
        assert found[number] == pytest.approx(expected[number], abs=1e-10)


@given(ra=st.floats(0, 360), dec=st.floats(-90, 90), radius=st.floats(0.001, 15))
@settings(max_examples=15)
def test_anywhere_on_the_sky(sky: Database, ra: float, dec: float, radius: float) -> None:
    require_same(sky, "sky", ra, dec, radius)


@given(ra=st.floats(0, 360), offset=st.floats(0, 1), south=st.booleans(), exponent=st.floats(-3, 0.5))
@settings(max_examples=40)
def test_around_the_poles(sky: Database, ra: float, offset: float, south: bool, exponent: float) -> None:
    require_same(sky, "poles", ra, (offset - 90) if south else (90 - offset), 10**exponent)


@given(ra=st.floats(-1, 1), dec=st.floats(-60, 60), exponent=st.floats(-3, 1))
@settings(max_examples=40)
def test_around_right_ascension_zero(sky: Database, ra: float, dec: float, exponent: float) -> None:
    require_same(sky, "seam", ra, dec, 10**exponent)


@given(row=st.integers(0, len(SKY.ra_deg) - 1))
@settings(max_examples=30)
def test_a_source_is_found_at_its_own_position(sky: Database, row: int) -> None:
    found = cone_search(sky, "sky", SKY.ra_deg[row], SKY.dec_deg[row], 0.1 / 3600)
    assert found[0].number == row + 1
    assert (found[0].ra_deg, found[0].dec_deg) == (SKY.ra_deg[row], SKY.dec_deg[row])
    assert found[0].flux_jy == SKY.flux_jy[row]


def test_the_nearest_come_first_and_faint_ones_may_be_left_out(sky: Database) -> None:
    found = cone_search(sky, "sky", 10.0, 20.0, 8.0)
    assert [one.separation_deg for one in found] == sorted(one.separation_deg for one in found)
    median = float(np.median([one.flux_jy or 0.0 for one in found]))
    bright = cone_search(sky, "sky", 10.0, 20.0, 8.0, faintest_jy=median)
    assert {one.number for one in bright} == {one.number for one in found if (one.flux_jy or 0) >= median}
    assert cone_search(sky, "sky", 10.0, 20.0, 8.0, limit=3) == found[:3]
    # sources that were not measured pass no flux limit
    assert cone_search(sky, "seam", 0.0, 0.0, 5.0)
    assert cone_search(sky, "seam", 0.0, 0.0, 5.0, faintest_jy=0.0) == []


def test_one_query_that_reads_only_the_pixels_of_the_cone(sky: Database) -> None:
    ((plan,),) = sky.rows(f"explain (analyze, format json) {QUERY}", cone_parameters("sky", 10.0, 20.0, 2.0))
    text = json.dumps(plan)
    assert "catalogue_source_sky" in text
    assert "Seq Scan" not in text.replace('"Relation Name": "catalogue"', "")
    rows = []

    def walk(node: dict) -> None:  # type: ignore[type-arg]
        if node.get("Relation Name") == "catalogue_source":
            rows.append(node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for inner in node.get("Plans", ()):
            walk(inner)

    walk(plan[0]["Plan"])
    # the cone and a margin of a pixel: 1/2000 of the sky
    assert 0 < sum(rows) < len(SKY.ra_deg) / 1000


def test_a_catalogue_that_is_not_loaded_is_told_with_those_that_are(sky: Database) -> None:
    with pytest.raises(UnknownCatalogue, match=r"no catalogue nvss is loaded; found: poles, seam, sky"):
        cone_search(sky, "nvss", 0, 0, 1)


@pytest.mark.parametrize(("dec", "radius"), [(0.0, -1.0), (0.0, 91.0), (95.0, 1.0), (0.0, float("nan"))])
def test_what_is_no_cone_is_refused(sky: Database, dec: float, radius: float) -> None:
    with pytest.raises(BadInput, match="no such cone"):
        cone_search(sky, "sky", 0.0, dec, radius)


def test_separation_in_sql_is_ours(sky: Database) -> None:
    pairs = [(0, 0, 0, 1e-7), (359.9, 0, 0.1, 0), (10, 89.9, 190, 89.9), (0, 0, 90, 0), (5, -90, 70, 90)]
    for pair in pairs:
        ((found,),) = sky.rows("select radio.separation_deg(%s, %s, %s, %s)", pair)
        assert found == pytest.approx(separation_deg(*pair), rel=1e-9)


def test_the_database_refuses_what_is_not_on_the_sky(sky: Database) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation):
        store_catalogue(sky, "bad", table_of([400.0], [0.0]), origin="x", checksum="x")
    assert not sky.rows("select 1 from radio.catalogue where name = 'bad'")
