"""Raw files are read exactly or refused with the row and the column named."""

import contextlib
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.rig import csv_text
from dsa_hcal_assets.rig.readings import (
    Reading,
    RigColumnsMissing,
    RigFileUnavailable,
    RigFileUnreadable,
    RigTimeImpossible,
    RigValueInvalid,
    parse,
    read_file,
)

HEADER = "timestamp,temperature,pressure,uptime\n"
ROW = "2025-06-05T12:00:00Z,61.5,1003.2,0.1\n"
NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)


def read(text: str, **options):
    return parse(text.encode(), "rig.csv", **options)


class TestAccepted:
    def test_values_and_types(self):
        raw = read(HEADER + ROW)
        assert raw.frame.to_dict("list") == {
            "timestamp": [pd.Timestamp(NOON)],
            "temperature": [61.5],
            "pressure": [1003.2],
            "uptime": [0.1],
        }
        assert (raw.first, raw.days) == (NOON, ["2025-06-05"])

    def test_columns_in_any_order_with_strangers_between(self):
        raw = read(
            "pressure,operator,timestamp,uptime,temperature\n1003.2,ann,2025-06-05T12:00:00Z,0.1,61.5\n"
        )
        assert raw.frame.iloc[0].tolist()[1:] == [61.5, 1003.2, 0.1]

    @pytest.mark.parametrize(
        "text",
        [
            "2025-06-05T12:00:00Z",
            "2025-06-05 12:00:00",
            "2025-06-05T14:00:00+02:00",
            "2025-06-05T12:00:00.000000",
        ],
    )
    def test_times_without_offset_are_utc_and_others_are_converted(self, text):
        assert read(f"{HEADER}{text},61.5,1003.2,0.1\n").first == NOON

    @pytest.mark.parametrize("text", ["", "NaN", "nan", "null", "None", "NA", " "])
    @pytest.mark.parametrize("column", range(4))
    def test_a_missing_value_is_kept_as_missing(self, text, column):
        fields = ROW.strip().split(",")
        fields[column] = text
        raw = read(HEADER + ROW + ",".join(fields) + "\n")
        assert raw.frame.iloc[1].isna().tolist() == [index == column for index in range(4)]

    def test_a_row_cut_short_has_missing_values(self):
        assert read(HEADER + ROW + "2025-06-05T12:06:00Z,61.5\n").frame.iloc[1].isna().sum() == 2

    def test_rows_are_numbered_from_the_first_below_the_header(self):
        assert read(HEADER + ROW + ROW).frame.index.tolist() == [1, 2]

    def test_a_file_over_midnight_belongs_to_both_days_and_a_row_without_time_to_the_first(self):
        raw = read(HEADER + "2025-06-05T23:59:00Z,1,900,0\n,1,900,0\n2025-06-06T00:00:00Z,1,900,0\n")
        assert raw.days == ["2025-06-05", "2025-06-06"]
        assert raw.row_days.tolist() == ["2025-06-05", "2025-06-05", "2025-06-06"]

    def test_a_byte_order_mark_is_no_part_of_the_first_column(self):
        assert len(parse(b"\xef\xbb\xbf" + (HEADER + ROW).encode(), "rig.csv").frame) == 1


class TestRefused:
    @pytest.mark.parametrize("column", ["timestamp", "temperature", "pressure", "uptime"])
    def test_a_missing_column_is_named(self, column):
        with pytest.raises(RigColumnsMissing, match=rf"rig\.csv: column {column} is missing"):
            read((HEADER + ROW).replace(column, "other"))

    def test_a_column_there_twice_is_named(self):
        with pytest.raises(RigColumnsMissing, match="column pressure is there twice"):
            read("timestamp,temperature,pressure,uptime,pressure\n" + ROW.strip() + ",1\n")

    @pytest.mark.parametrize(
        ("row", "named"),
        [
            ("yesterday,61.5,1003.2,0.1", "row 2, column timestamp"),
            ("2025-13-05T12:00:00Z,61.5,1003.2,0.1", "row 2, column timestamp"),
            ("2025-06-05T12:06:00Z,warm,1003.2,0.1", "row 2, column temperature"),
            ("2025-06-05T12:06:00Z,61.5,10o3,0.1", "row 2, column pressure"),
            ("2025-06-05T12:06:00Z,61.5,1003.2,0;1", "row 2, column uptime"),
        ],
    )
    def test_a_value_that_is_none_is_named_by_row_and_column(self, row, named):
        with pytest.raises(RigValueInvalid, match=named):
            read(HEADER + ROW + row + "\n")

    def test_how_many_more_are_wrong_is_told(self):
        with pytest.raises(RigValueInvalid, match=r"and 2 more"):
            read(HEADER + "a,1,1,1\nb,1,1,1\nc,1,1,1\n")

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x00\x01\x02\xff\xfe",
            b"\x89HDF\r\n\x1a\n" + bytes(64),
            (HEADER + '"open').encode(),
            b"\n\n",
        ],
    )
    def test_other_bytes_are_no_csv(self, data):
        with pytest.raises((RigFileUnreadable, RigColumnsMissing)):
            parse(data, "rig.csv")

    def test_too_many_fields_name_the_line(self):
        with pytest.raises(RigFileUnreadable, match="line 3"):
            read(HEADER + ROW + ROW.strip() + ",7,8\n")

    @pytest.mark.parametrize("text", [HEADER, HEADER + ",1,900,0\n"])
    def test_a_file_without_any_time_has_no_day(self, text):
        with pytest.raises(RigValueInvalid, match="no time stamp"):
            read(text)

    @pytest.mark.parametrize("stamp", ["2022-12-31T23:59:59Z", "2025-06-07T12:00:01Z"])
    def test_a_time_that_cannot_be_right_is_named(self, stamp):
        with pytest.raises(RigTimeImpossible, match="row 1, column timestamp"):
            read(f"{HEADER}{stamp},1,900,0\n", now=datetime(2025, 6, 6, 12, tzinfo=UTC))

    def test_a_file_that_is_gone_may_come_back(self, tmp_path):
        with pytest.raises(RigFileUnavailable, match=r"absent\.csv") as caught:
            read_file(tmp_path / "absent.csv")
        assert caught.value.transient


MOMENTS = st.integers(0, 10**15).map(lambda us: NOON + timedelta(microseconds=us))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.builds(Reading, MOMENTS, NUMBERS, NUMBERS, NUMBERS), min_size=1))
def test_what_acquisition_writes_is_read_back_exactly(readings):
    frame = parse(csv_text.raw_text(readings), "rig.csv").frame
    back = [
        Reading(row[0].to_pydatetime().astimezone(UTC), *row[1:]) for row in frame.itertuples(index=False)
    ]
    assert back == readings


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (HEADER + text).encode()))
def test_any_bytes_are_read_or_refused_with_a_typed_error(data):
    with contextlib.suppress(RigFileUnreadable, RigColumnsMissing, RigValueInvalid, RigTimeImpossible):
        parse(data, "rig.csv", now=datetime(2030, 1, 1, tzinfo=UTC))


def test_a_naive_reading_cannot_be_made():
    with pytest.raises(ValueError, match="naive time"):
        Reading(NOON.replace(tzinfo=None), 1, 2, 3)
