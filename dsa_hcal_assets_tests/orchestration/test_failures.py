import dagster as dg
import pytest

from dsa_hcal_assets.errors import BadInput, DatabaseUnavailable
from dsa_hcal_assets.orchestration.failures import RETRIES, typed_failures


def tries(error, instance):
    """Count how often Dagster runs an op that always raises `error`."""
    count = 0

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=RETRIES.max_retries, delay=0))
    def fails():
        nonlocal count
        count += 1
        with typed_failures():
            raise error

    @dg.job
    def job():
        fails()

    result = job.execute_in_process(raise_on_error=False, instance=instance)
    assert not result.success
    return count, result


def test_a_permanent_failure_is_not_retried(instance):
    count, _ = tries(BadInput("x.hdf5 is no HDF5 file"), instance)
    assert count == 1


def test_a_transient_failure_is_retried(instance):
    count, _ = tries(DatabaseUnavailable("the server does not answer"), instance)
    assert count == 1 + RETRIES.max_retries


def test_the_failure_says_all_the_error_says():
    with pytest.raises(dg.Failure) as caught, typed_failures():
        raise BadInput("x.hdf5 is no HDF5 file", found="0 bytes", remedy="send it again")
    assert "x.hdf5 is no HDF5 file; found: 0 bytes; remedy: send it again" in str(caught.value.description)
    assert caught.value.metadata["error"].text == "BadInput"
    assert caught.value.metadata["remedy"].text == "send it again"


def test_other_exceptions_pass_unchanged():
    with pytest.raises(ZeroDivisionError), typed_failures():
        _ = 1 / 0
