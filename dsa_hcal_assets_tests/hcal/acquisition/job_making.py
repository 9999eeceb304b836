"""Polling jobs as their processes make them, without a broker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dsa_hcal_assets.daq.jobs import JobContext
from dsa_hcal_assets.daq.streams.opening import StreamPlace


@contextmanager
def jobs_of(job: type[Any], config: type[Any], place: Path, **paths: Path) -> Iterator[Callable[..., Any]]:
    """Give what makes jobs of a class with further keys of its configuration; torn down at the end."""
    made = []

    def make(**keys: object) -> Any:
        wanted = config(type="tested", id="tested", **(paths | keys))
        made.append(job(wanted, JobContext("hall", StreamPlace(place, shared_memory=False))))
        return made[-1]

    yield make
    for one in made:
        one.stopping.set()
        one.teardown()
