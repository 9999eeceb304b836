"""What the supervisor tells a job about its place in the whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.streams.configuration import StreamPlace


@dataclass(frozen=True)
class Input:
    """A producer whose stream a job reads.

    Attributes
    ----------
    producer
        Id of the producer.
    topics
        Patterns of the topics wanted; others are acknowledged unseen.
    options
        What the producer's file (`[store_config.x]`) or the job's own (`[[input]]`) says about it.
    """

    producer: str
    topics: tuple[str, ...] = ("*",)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobContext:
    """The surroundings of one process of a job.

    Attributes
    ----------
    supervisor
        Id of the supervisor.
    place
        Where streams lie.
    endpoints
        Where the broker listens; None: nothing is live, kept messages flow all the same.
    inputs
        Streams the job reads.
    readers
        Names of the protected readers of the job's own stream, registered when it is opened.
    tags
        The supervisor's tags.
    restarts
        How often the supervisor has started the job again.
    """

    supervisor: str
    place: StreamPlace
    endpoints: Endpoints | None = None
    inputs: tuple[Input, ...] = ()
    readers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    restarts: int = 0

    @property
    def run_dir(self) -> Path:
        """Directory of the supervisor's run: logs, status, streams on disk."""
        return self.place.run_dir
