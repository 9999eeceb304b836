"""What every snapshot has in common survives its header, and nonsense is refused."""

from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.hcal.snapshots.cycle import AcquisitionCycle, cycle_fields, error_record

ONE = AcquisitionCycle(datetime(2026, 11, 21, 1, 2, 3, 4, tzinfo=UTC), 5, "acquisition", 52000)


def test_the_header_gives_the_cycle_back():
    assert cycle_fields(ONE.header(["a", "b"]), ["a", "b"]) == {
        "cycle": ONE.cycle,
        "sequence": 5,
        "acquisition_id": "acquisition",
        "run_number": 52000,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"boards": ["b", "a"]},
        {"cycle": "yesterday"},
        {"cycle": 1.0},
        {"sequence": True},
        {"sequence": "5"},
        {"acquisition_id": None},
        {"run_number": 1.5},
    ],
)
def test_a_header_that_says_something_else_is_refused(change):
    with pytest.raises((TypeError, ValueError)):
        cycle_fields(ONE.header(["a", "b"]) | change, ["a", "b"])


@pytest.mark.parametrize(
    ("change", "says"),
    [({"run_number": -2}, "run number"), ({"run_number": 2**31}, "run"), ({"sequence": -1}, "seq")],
)
def test_numbers_have_their_ranges(change, says):
    fields = {"cycle": ONE.cycle, "sequence": 0, "acquisition_id": "a", "run_number": -1} | change
    with pytest.raises(ValueError, match=says):
        AcquisitionCycle(**fields)


@pytest.mark.parametrize("value", [None, "text", {"what": 1.5}, {"what": ["list"]}])
def test_an_error_record_is_flat(value):
    with pytest.raises(TypeError):
        error_record(value)
