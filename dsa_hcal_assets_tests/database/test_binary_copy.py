"""Arrays that went in by binary COPY are in the table, value by value."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dsa_hcal_assets.database.binary_copy import copied, copy_bytes, postgres_time, rows_of, times_of

ROW = np.dtype(
    [("at", "i8"), ("n", "i2"), ("m", "<i4"), ("x", "f4"), ("y", ">f8"), ("label", "S6"), ("last", "i2")]
)
T0 = datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture
def through(database):
    """Copy rows into a table and return what is in it, in their order."""

    def through(rows):
        with database.transaction() as cursor:
            cursor.execute(
                "create temporary table t (at timestamptz, n smallint, m integer, x real,"
                " y double precision, label text, last smallint) on commit drop"
            )
            cursor.copy_expert("copy t from stdin (format binary)", io.BytesIO(copy_bytes(rows)))
            cursor.execute("select * from t order by last")
            return cursor.fetchall()

    return through


def test_rows_without_and_with_nulls_come_back(through):
    rows = np.zeros(4, ROW)
    rows["at"] = [postgres_time(T0 + timedelta(microseconds=number)) for number in range(4)]
    rows["n"], rows["m"], rows["last"] = [-1, 2, 3, 32767], 7, range(4)
    rows["x"], rows["y"] = [1.5, np.nan, -0.25, np.nan], [np.nan, 1e300, 2.0, np.nan]
    rows["label"] = [b"high", b"", b"normal", b""]
    assert through(rows) == [
        (T0, -1, 7, 1.5, None, "high", 0),
        (T0 + timedelta(microseconds=1), 2, 7, None, 1e300, None, 1),
        (T0 + timedelta(microseconds=2), 3, 7, -0.25, 2.0, "normal", 2),
        (T0 + timedelta(microseconds=3), 32767, 7, None, None, None, 3),
    ]


def test_no_rows_are_a_valid_copy(through):
    assert through(np.zeros(0, ROW)) == []


def test_a_column_of_another_type_is_refused():
    with pytest.raises(TypeError, match="column t is of type"):
        copy_bytes(np.zeros(1, [("t", "M8[us]")]))


def test_rows_that_the_server_copies_out_are_those_that_went_in(database):
    kept = np.zeros(1000, [("at", "i8"), ("n", "i2"), ("x", "f4")])
    kept["at"], kept["n"] = postgres_time(T0) + np.arange(1000), np.arange(1000) - 500
    kept["x"] = np.where(kept["n"] % 3 == 0, np.nan, kept["n"] / 7)
    with database.transaction() as cursor:
        cursor.execute("create temporary table t (at timestamptz, n smallint, x real) on commit drop")
        cursor.copy_expert("copy t from stdin (format binary)", io.BytesIO(copy_bytes(kept)))
        found = copied(
            cursor,
            "copy (select at, n, coalesce(x, 'NaN') from t order by n) to stdout (format binary)",
            kept.dtype,
        )
    for name in kept.dtype.names:
        np.testing.assert_array_equal(found[name], kept[name])
    assert rows_of(copy_bytes(kept[:0]), kept.dtype).size == 0


def test_stamps_are_the_times_they_stand_for():
    moments = [T0 + timedelta(microseconds=one) for one in (0, 1, 10**12)] + [
        datetime(1970, 1, 1, tzinfo=UTC)
    ]
    times = times_of(np.array([postgres_time(moment) for moment in moments]))
    assert [one.replace(tzinfo=UTC) for one in times.tolist()] == moments
