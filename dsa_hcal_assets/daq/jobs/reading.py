"""A job that reads kept messages of other jobs' streams."""

from collections.abc import Sequence
from typing import ClassVar, Generic

from pydantic import BaseModel

from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.jobs.job import C, Job
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.streams.reader import FileReader


class ReadingJob(Job[C], Generic[C]):
    """A job that deals with every message of its `context.inputs`, in order, at least once.

    Attributes
    ----------
    readers
        The open reader of each producer; the loop opens them.
    acknowledges_on_return
        Whether messages count as dealt with when `receive_kept` returns. A subclass that sets it False
        calls `acknowledge` itself, once its effect is durable.
    InputOptions
        Model the options of inputs are validated with (`[store_config.x]` of producers, `options` of
        `[[input]]`); None: any.
    """

    acknowledges_on_return: ClassVar[bool] = True
    InputOptions: ClassVar[type[BaseModel] | None] = None

    def __init__(self, config: C, context: JobContext) -> None:
        super().__init__(config, context)
        self.readers: dict[str, FileReader] = {}

    def receive_kept(self, messages: Sequence[Message]) -> None:
        """Take messages of one producer, in order.

        After a `TransientError` everything of this producer that has not been acknowledged comes again,
        from the first message, after a growing delay: forget what was held of it.
        """
        raise NotImplementedError

    def accepts(self, producer: str) -> bool:  # noqa: ARG002 - for those that take of some only
        """Return whether more of `producer` may come now; while not, its messages wait in its stream."""
        return True

    def acknowledge(self, producer: str, epoch: int, sequence: int) -> None:
        """Say that everything of `producer` up to (epoch, sequence) has been dealt with durably."""
        reader = self.readers.get(producer)
        if reader is not None:
            reader.acknowledge(epoch, sequence)
