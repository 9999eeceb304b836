"""A job in this process, with real streams, whose messages can be read."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.jobs import Job, JobContext
from dsa_hcal_assets.daq.jobs.files import validated
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.streams.opening import StreamPlace, open_reader


class Clock:
    """Monotonic seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


MakeJob = Callable[..., Job[Any]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(tmp_path):
    return StreamPlace(tmp_path / "run", shared_memory=False)


@pytest.fixture
def make_job(place) -> MakeJob:
    """Make a job of a type from keys or TOML, to be set up by the test; torn down after it."""

    def make_job(
        kind: type[Job[Any]],
        toml: str = "",
        *,
        endpoints: Endpoints | None = None,
        clock: Clock | None = None,
        **keys: Any,
    ) -> Job[Any]:
        tables = {"type": kind.__name__, "id": "job", **tomllib.loads(toml), **keys}
        place.run_dir.mkdir(exist_ok=True)
        context = JobContext("hall", place, endpoints=endpoints, readers=("test",))
        job = kind(validated(kind.Config, tables, "job.toml"), context)
        if clock is not None:
            job.clock = clock
        made.append(job)
        return job

    made: list[Job[Any]] = []
    yield make_job
    for job in made:
        job.stopping.set()
        job.teardown()
        job.close()


@pytest.fixture
def sent(place):
    """Return the messages that a job has sent and that were not returned before."""

    def sent(producer: str = "job") -> list[Message]:
        if producer not in readers:
            readers[producer] = open_reader(place, producer, "test")
        found = list(readers[producer].receive(limit=1000, timeout=0.1))
        return [copied(message) for message in found]

    def copied(message: Message) -> Message:
        return Message(
            message.topic, message.producer, message.epoch, message.sequence, message.time_ns, message.kind,
            memoryview(bytes(message.payload)), dict(message.attributes),
        )  # fmt: skip

    readers: dict[str, Any] = {}
    yield sent
    for reader in readers.values():
        reader.close()
