import pytest

from dsa_hcal_assets import errors


def test_the_message_says_what_was_expected_found_kept_and_what_to_do():
    error = errors.BadInput(
        "subband x_sb03.hdf5 cannot be read",
        expected="an HDF5 file",
        found="0 bytes",
        kept="quarantined",
        remedy="send it again",
    )
    assert str(error) == (
        "subband x_sb03.hdf5 cannot be read; expected: an HDF5 file; found: 0 bytes; "
        "kept: quarantined; remedy: send it again"
    )


def test_parts_that_do_not_apply_are_left_out():
    assert str(errors.ProductMissing("no flags of 2026-01-01T00:00:00")) == "no flags of 2026-01-01T00:00:00"


@pytest.mark.parametrize("kind", [errors.DatabaseUnavailable, errors.DeadlineExceeded, errors.WorkerCrashed])
def test_what_may_succeed_later_is_transient(kind):
    assert kind("x").as_record()["transient"] is True


@pytest.mark.parametrize(
    "kind", [errors.ConfigurationError, errors.BadInput, errors.ProductMissing, errors.GateBlocked]
)
def test_what_somebody_must_change_is_permanent(kind):
    assert kind("x").as_record()["transient"] is False


def test_a_record_carries_every_part_of_the_error():
    record = errors.InputConflict("a", expected="b", found="c", kept="d", remedy="e").as_record()
    assert record == {
        "error": "InputConflict",
        "transient": False,
        "what": "a",
        "expected": "b",
        "found": "c",
        "kept": "d",
        "remedy": "e",
    }
