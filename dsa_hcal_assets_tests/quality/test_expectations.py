"""Great Expectations counts; the thresholds file decides."""

import math
import os
import subprocess
import sys

import pandas as pd
import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality.expectations import Expectation, check_frame

FRAME = pd.DataFrame({"temperature": [10.0, 20.0, 200.0, None], "name": ["a", "b", "b", "c"]})
BETWEEN = Expectation("expect_column_values_to_be_between", "temperature", {"min_value": 0, "max_value": 150})
UNIQUE = Expectation("expect_column_values_to_be_unique", "name")
EXISTS = Expectation("expect_column_to_exist", "pressure")
ROWS = Expectation("expect_table_row_count_to_be_between", arguments={"min_value": 1})


def test_the_value_is_the_share_of_known_values_that_meet_the_expectation():
    between, unique, exists, rows = check_frame(FRAME, [BETWEEN, UNIQUE, EXISTS, ROWS])
    assert between.name == "expect_column_values_to_be_between(temperature)"
    assert between.value == pytest.approx(2 / 3)
    assert between.detail == "1 of 3 values, such as 200.0"
    assert unique.value == 0.5
    assert exists.value == 0
    assert (rows.name, rows.value, rows.detail) == ("expect_table_row_count_to_be_between()", 1, "observed 4")


def test_the_frame_is_left_as_it_was():
    before = FRAME.copy()
    check_frame(FRAME, [BETWEEN])
    pd.testing.assert_frame_equal(FRAME, before)


def test_a_column_that_is_not_there_is_not_measured_with_a_reason():
    (metric,) = check_frame(FRAME, [Expectation("expect_column_values_to_be_unique", "absent")])
    assert math.isnan(metric.value)
    assert "absent" in metric.detail


def test_an_empty_table_is_not_measured():
    (metric,) = check_frame(FRAME.iloc[:0], [BETWEEN])
    assert math.isnan(metric.value)
    assert metric.detail == "no values"


def test_an_empty_suite_needs_no_library():
    assert check_frame(FRAME, []) == []


@pytest.mark.parametrize(
    ("suite", "named"),
    [
        ([Expectation("expect_columns_to_be_nice", "name")], "expect_columns_to_be_nice"),
        ([Expectation("expect_column_to_exist", "name", {"nonsense": 1})], "expect_column_to_exist"),
        ([UNIQUE, UNIQUE], "given twice"),
    ],
)
def test_a_wrong_suite_is_named(suite, named):
    with pytest.raises(ConfigurationError, match=named):
        check_frame(FRAME, suite)


def test_nothing_is_printed_sent_or_imported_early():
    program = (
        "import logging, socket, sys, dsa_hcal_assets.quality.expectations as e, pandas as pd\n"
        "assert 'great_expectations' not in sys.modules\n"
        "def refuse(self, address): raise AssertionError(address)\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "frame = pd.DataFrame({'a': [1, 2]})\n"
        "e.check_frame(frame, [e.Expectation('expect_column_values_to_be_unique', 'a')])\n"
    )
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=environ, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
