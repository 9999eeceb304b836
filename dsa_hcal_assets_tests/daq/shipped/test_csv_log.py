"""Rows go into one file until it is full, and never below a header that is not theirs."""

import csv

import pytest

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.daq.shipped.csv_log import CsvLog
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit


@pytest.fixture
def file(tmp_path):
    return tmp_path / "stats.csv"


def rows(file):
    with file.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_rows_of_several_writers_one_after_the_other_share_one_header(file):
    CsvLog(file, 10_000, 3).append([{"job": "a, b", "n": 1}, {"job": 'say "c"\n', "n": 2}])
    CsvLog(file, 10_000, 3).append([{"job": "d", "n": 3}])

    assert [row["job"] for row in rows(file)] == ["a, b", 'say "c"\n', "d"]


def test_a_full_file_is_turned_over_and_the_oldest_goes(file, tmp_path):
    log = CsvLog(file, 60, 2)
    for number in range(12):
        log.append([{"job": "0123456789", "n": number}])

    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"stats.csv", "stats.csv.1", "stats.csv.2"}
    numbers = [int(row["n"]) for name in sorted(names, reverse=True) for row in rows(tmp_path / name)]
    assert numbers == list(range(numbers[0], 12))
    assert all(path.stat().st_size <= 60 for path in tmp_path.iterdir())


def test_a_full_disk_leaves_whole_rows_and_it_goes_on_when_there_is_room(file):
    log = CsvLog(file, 10_000, 3)
    log.append([{"job": "a" * 40}])
    with file_size_limit(60), pytest.raises(DiskFull):
        log.append([{"job": "b" * 40}])
    log.append([{"job": "c" * 40}])

    assert [row["job"][0] for row in rows(file)] == ["a", "c"]


def test_other_columns_begin_another_file(file):
    CsvLog(file, 10_000, 3).append([{"job": "a"}])
    CsvLog(file, 10_000, 3).append([{"job": "a", "lost": 0}])

    assert rows(file) == [{"job": "a", "lost": "0"}]
    assert rows(file.with_name("stats.csv.1")) == [{"job": "a"}]
