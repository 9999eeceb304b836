"""The job that feeds sinks from the streams of the producers routed to it.

It flushes by count, bytes or age, and acknowledges what a flush has made durable. While a target is away it
takes nothing more of the producers stored there: their messages wait in their streams, which spill, block or
drop as each producer wants. Producers stored elsewhere do not notice.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Optional

from pydantic import BaseModel, ValidationError, create_model

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs.config import JobConfig
from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.jobs.durations import Duration
from dsa_hcal_assets.daq.jobs.reading import ReadingJob
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.interface import Sink
from dsa_hcal_assets.daq.stores.options import StoreOptions
from dsa_hcal_assets.daq.stores.shelves import Shelves
from dsa_hcal_assets.errors import ConfigurationError, TransientError


def partly(options: type[StoreOptions]) -> type[BaseModel]:
    """Return a model of the same options, none of which must be given: the store's own file may have it."""
    fields: dict[str, Any] = {
        # with its metadata, where bounds and the spelling of durations are; the description is only there
        # because there must be at least one
        name: (
            Optional[Annotated[(field.annotation, field.description, *field.metadata)]],  # noqa: UP045
            None,
        )
        for name, field in options.model_fields.items()
    }
    return create_model(f"Partly{options.__name__}", __config__=options.model_config, **fields)


class StoreConfig(JobConfig):
    """A store's own file; it needs none where producers say everything."""

    interval: Duration = 0.25
    """How often the age of what waits is looked at."""
    options: Mapping[str, Any] = {}
    """Options for all producers; what a producer's `[store_config.x]` says goes before."""


class StoreJob(ReadingJob[StoreConfig]):
    """Stores the messages of its inputs, each with the options of its producer.

    A subclass names its `Options`, says how to open their sink, and is found by entry point.

    Attributes
    ----------
    Options
        Model of a producer's options.
    """

    Config = StoreConfig
    acknowledges_on_return = False
    Options: ClassVar[type[StoreOptions]]

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.InputOptions = partly(cls.Options)

    def __init__(
        self, config: StoreConfig, context: JobContext, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(config, context)
        self._clock = clock
        self._options: dict[str, StoreOptions] = {}
        self._letters = context.run_dir / "dead_letters" / safe_name(config.id)
        self._shelves = Shelves[Any](self.open_sink, self._letters, clock)
        self._messages = self._bytes = self._refused = 0
        self._oldest: float | None = None

    def open_sink(self, options: Any) -> Sink:
        """Return the sink of some options."""
        raise NotImplementedError

    def setup(self) -> None:
        """Read the options of all producers."""
        for each in self.context.inputs:
            said = {**self.config.options, **each.options}
            self._options[each.producer] = self._validated(said, each.producer)
            self._shelves.expect(self._options[each.producer], each.producer)

    def accepts(self, producer: str) -> bool:
        """Return whether the producer's target is there, as far as is known."""
        return producer not in self._shelves.held

    def receive_kept(self, messages: Sequence[Message]) -> None:
        """Take messages of one producer."""
        options = self._options[messages[0].producer]
        self._shelves.append(options, messages)
        self._messages += len(messages)
        self._bytes += sum(len(message.payload) for message in messages)
        self._oldest = self._oldest or self._clock()
        if self._messages >= options.flush_messages or self._bytes >= options.flush_bytes:
            self._flush()

    def step(self) -> None:
        """Flush what has waited long enough, or what a target could not take before.

        Raises
        ------
        TransientError
            As long as a target takes nothing, for the status; it is tried again.
        """
        longest = min((each.flush_interval for each in self._options.values()), default=1.0)
        if self._oldest is None or self._clock() - self._oldest >= longest:
            self._flush()
        trouble = self._shelves.trouble
        if trouble is not None:
            # the same object is raised many times: its traceback would grow
            raise trouble.with_traceback(None)

    def teardown(self) -> None:
        """Flush and close; what cannot be flushed stays in the streams."""
        self._flush(at_once=True)
        try:
            self._shelves.close()
        except TransientError as error:
            self.log.warning("%s", error)

    def _flush(self, *, at_once: bool = False) -> None:
        for producer, (epoch, sequence) in self._shelves.flush(at_once=at_once).items():
            self.acknowledge(producer, epoch, sequence)
        self._messages = self._bytes = 0
        self._oldest = None
        self._tell_refusals()

    def _tell_refusals(self) -> None:
        new = self._shelves.refused - self._refused
        if new:
            self._refused += new
            self.log.error("%d messages into dead letters: %s", new, self._shelves.last_reason)
            self.metrics.queued("dead letters", self._refused)
            self.publish(
                "alert.dead_letters",
                {
                    "severity": "error",
                    "title": f"Store {self.config.id} refuses messages",
                    "message": f"{self._shelves.last_reason}; they are kept in {self._letters}",
                    "source": f"{self.context.supervisor}/{self.config.id}",
                    "details": {"messages": self._refused},
                    "dedup_key": f"dead letters of {self.config.id}",
                },
            )

    def _validated(self, options: dict[str, Any], producer: str) -> StoreOptions:
        if "path" in self.Options.model_fields:
            options.setdefault("path", self.context.run_dir / "data" / "{producer}")
        try:
            return self.Options.model_validate(options)
        except ValidationError as error:
            first = error.errors()[0]
            option = ".".join(map(str, first["loc"]))
            raise ConfigurationError(
                f"store {self.config.id!r} cannot store {producer!r}: option {option!r}",
                expected=first["msg"],
                remedy="say it in [store_config] of the producer or in [options] of the store's file",
            ) from error
