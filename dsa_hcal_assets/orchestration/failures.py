"""The platform's errors as Dagster failures: transient ones are retried, permanent ones are not."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from dsa_hcal_assets.errors import PlatformError

# Steps retry transient failures only: `typed_failures` forbids it for permanent ones.
RETRIES = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


@contextmanager
def typed_failures() -> Iterator[None]:
    """Turn a `PlatformError` into a `dagster.Failure` that says all the error says."""
    try:
        yield
    except PlatformError as error:
        raise dg.Failure(
            description=str(error),
            metadata={key: str(value) for key, value in error.as_record().items() if value is not None},
            allow_retries=error.transient,
        ) from error
