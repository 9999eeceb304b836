"""Rows leave the database as they are, whole, and never all at once in memory."""

import io
import json

import pandas as pd
import psycopg2
import pyarrow as pa
import pytest
from psycopg2 import sql
from pyarrow import parquet

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database import roles
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.export import NoTime, rows_of, write_csv, write_parquet
from dsa_hcal_assets.database.exportable import PLATFORM_TABLES, Exportable, exportable
from dsa_hcal_assets.errors import DatabaseUnavailable

TYPES = """
create table rig.zoo (
    "at" timestamptz primary key, small smallint, whole integer, big bigint, single real,
    double double precision, yes boolean, feast date, local timestamp, words text, "of ""a"" b" jsonb,
    numbers real[]
);
insert into rig.zoo values
    ('2025-06-05 01:02:03.000004+00', -1, 2, 9007199254740993, 0.1, 0.1, true, '2025-06-05',
     '2025-06-05 07:08:09', E'a,"b"\nc', '{"k": [1, null]}', '{1,NaN,null}'),
    ('2025-06-06+00', null, null, null, null, 'NaN', false, null, null, '', null, null),
    ('2025-06-07+00', null, null, null, null, 'Infinity', null, null, null, null, null, null)
"""


class Kept(io.BytesIO):
    """A sink that remembers how large the pieces were."""

    def __init__(self):
        super().__init__()
        self.largest = 0

    def write(self, piece):
        self.largest = max(self.largest, len(piece))
        return super().write(piece)


@pytest.fixture
def zoo(database):
    with database.transaction() as cursor:
        cursor.execute(TYPES)
    return exportable(database)["rig.zoo"]


def as_csv(database, query):
    sink = io.BytesIO()
    write_csv(database, query, sink)
    return sink.getvalue().decode()


def as_parquet(database, source, query):
    sink = io.BytesIO()
    write_parquet(database, source, query, sink)
    return parquet.read_table(pa.BufferReader(sink.getvalue()))


class TestContent:
    def test_csv_is_what_postgresql_writes(self, database, zoo):
        text = as_csv(database, rows_of(zoo, None, None, 10))
        frame = pd.read_csv(io.StringIO(text), keep_default_na=False)
        assert list(frame) == list(zoo.columns)
        assert frame["words"].tolist() == ['a,"b"\nc', "", ""]
        assert frame["big"].tolist() == ["9007199254740993", "", ""]

    def test_parquet_has_the_types_and_tells_null_from_empty_text(self, database, zoo):
        table = as_parquet(database, zoo, rows_of(zoo, None, None, 10))
        assert table.column_names == list(zoo.columns)
        first, second, third = table.to_pylist()
        names = ["at", "small", "whole", "big", "double", "yes", "feast", "local", "words"]
        stored = database.rows(f"select {', '.join(names)} from rig.zoo order by at")
        assert tuple(first[name] for name in names) == stored[0]
        assert first["single"] == pytest.approx(0.1, rel=1e-7)
        assert json.loads(first['of "a" b']) == {"k": [1, None]}
        assert (second["words"], third["words"]) == ("", None)
        assert (second["small"], second["yes"], third["yes"]) == (None, False, None)
        assert third["double"] == float("inf")
        assert table.schema.field("at").type == pa.timestamp("us", tz="UTC")

    def test_no_rows_are_a_table_of_no_rows(self, database, zoo):
        query = rows_of(zoo, utc_now(), None, 10)
        assert as_csv(database, query).count("\n") == 1
        table = as_parquet(database, zoo, query)
        assert (table.num_rows, table.column_names) == (0, list(zoo.columns))


class TestChoice:
    def test_rows_are_of_the_span_in_order_up_to_the_limit(self, database, zoo):
        start, end = pd.Timestamp("2025-06-06", tz="UTC"), pd.Timestamp("2025-06-07", tz="UTC")
        middle = as_parquet(database, zoo, rows_of(zoo, start, end, 10))
        assert [moment.day for moment in middle["at"].to_pylist()] == [6]
        first = as_parquet(database, zoo, rows_of(zoo, None, None, 2))
        assert [moment.day for moment in first["at"].to_pylist()] == [5, 6]

    def test_days_are_utc_days(self, database):
        database.rows(
            "insert into hcal.tower_history_day (day, cycles)"
            " values ('2025-06-05', '{2025-06-05}') returning 1"
        )
        source = exportable(database)["hcal.tower_history_day"]
        assert source.time_column == "day"
        day = pd.Timestamp("2025-06-05", tz="UTC")
        for start, rows in ((day, 1), (day + pd.Timedelta(seconds=1), 0)):
            assert as_parquet(database, source, rows_of(source, start, None, 10)).num_rows == rows

    def test_what_has_no_times_cannot_be_chosen_by_time(self, database):
        source = exportable(database)["hcal.tower"]
        assert source.time_column is None
        with pytest.raises(NoTime, match=r"hcal\.tower"):
            rows_of(source, utc_now(), None, 10)


class TestAllowed:
    def test_instruments_may_be_exported_and_of_the_platform_only_what_is_listed(self, database):
        found = exportable(database)
        assert {"hcal.tower_reading", "hcal.sector_day", "rig.processed", "radio.group_state"} <= set(found)
        platform = {one.name for one in found.values() if one.schema == "platform"}
        assert platform <= set(PLATFORM_TABLES)
        assert not {one.schema for one in found.values()} - {"hcal", "radio", "rig", "platform"}

    def test_partitions_are_part_of_their_table(self, database):
        database.rows("select hcal.ensure_month('2025-06-05')")
        assert not [label for label in exportable(database) if label.startswith("hcal.tower_reading_2025")]

    def test_readers_may_read_all_of_it(self, database):
        reader = roles.reading(database)
        assert exportable(reader).keys() == exportable(database).keys()
        reader.close()


class TestTrouble:
    def test_a_query_that_fails_on_the_way_is_told(self, database):
        source = Exportable("rig", "none", "", {"g": "integer", "words": "text"})
        failing = sql.SQL("select 1 / (90000 - g) as g, 'x' as words from generate_series(1, 100000) g")
        with pytest.raises(psycopg2.errors.DivisionByZero):
            as_csv(database, failing)
        sink = io.BytesIO()
        with pytest.raises(psycopg2.errors.DivisionByZero):
            write_parquet(database, source, failing, sink)
        with pytest.raises(pa.ArrowInvalid):
            parquet.read_table(pa.BufferReader(sink.getvalue()))

    def test_a_statement_that_takes_too_long_ends(self, database, zoo):
        hasty = Database(database.url, statement_seconds=0.2)
        with pytest.raises(DatabaseUnavailable, match="statement timeout"):
            as_parquet(hasty, zoo, sql.SQL("select *, pg_sleep(1)::text from rig.zoo"))

    def test_a_sink_that_takes_no_more_ends_the_query_at_once(self, database):
        class Full:
            def write(self, piece):
                raise OSError("gone")

        endless = sql.SQL("select generate_series(1, 2000000000), repeat('x', 100)")
        with pytest.raises(OSError, match="gone"):
            write_csv(database, endless, Full())
        database.ping()

    def test_rows_travel_in_pieces(self, database):
        kept = Kept()
        write_csv(database, sql.SQL("select g from generate_series(1, 200000) g"), kept)
        assert kept.largest < 100_000
        assert len(kept.getvalue().splitlines()) == 200_001
