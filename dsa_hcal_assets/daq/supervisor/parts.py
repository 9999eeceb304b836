"""The supervisor's own parts, which run as jobs like any other: watched, restarted, logged."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field, Json

from dsa_hcal_assets.daq.broker.proxy import run_broker
from dsa_hcal_assets.daq.broker.sender import HIGH_WATER_MARK
from dsa_hcal_assets.daq.control.keys import link_directory
from dsa_hcal_assets.daq.federation.config import LinkConfig, MirrorReader
from dsa_hcal_assets.daq.federation.keys import ensure_keys
from dsa_hcal_assets.daq.federation.link import run_link
from dsa_hcal_assets.daq.jobs.config import JobConfig
from dsa_hcal_assets.daq.jobs.files import read_job
from dsa_hcal_assets.daq.jobs.job import C, Job
from dsa_hcal_assets.daq.supervisor.config import FederationConfig, SupervisorConfig
from dsa_hcal_assets.daq.supervisor.directory import BROKER_ID, LINK_ID, JobFile
from dsa_hcal_assets.errors import WorkerCrashed

_SILENT_SECONDS = 15.0


class Part(Job[C]):
    """A loop of its own in a thread; the job's loop watches it and shows its life."""

    def body(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Run until `stop` is set, calling `beat` at least every few seconds."""
        raise NotImplementedError

    def setup(self) -> None:
        """Start the thread."""
        self._error: Exception | None = None
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=self.config.id, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Fail as the thread failed."""
        if self._error is not None:
            raise self._error
        silent = time.monotonic() - self._beat
        if not self._thread.is_alive() or silent > _SILENT_SECONDS:
            raise WorkerCrashed(f"the {self.config.id} has ended or does not answer", found=f"{silent:.0f} s")

    def teardown(self) -> None:
        """Wait for the thread, which `stopping` ends."""
        self._thread.join(self.config.stop_deadline)

    def _run(self) -> None:
        try:
            self.body(self.stopping, self._note_life)
        # raised again by `step`, in the thread whose errors end the process
        except Exception as error:
            self.log.exception("the %s ends", self.config.id)
            self._error = error

    def _note_life(self) -> None:
        self._beat = time.monotonic()


class BrokerConfig(JobConfig):
    """Keys of the broker's process."""

    high_water_mark: int = Field(HIGH_WATER_MARK, ge=1)
    """Live messages that may wait for one subscriber."""


class Broker(Part[BrokerConfig]):
    """The broker of live messages."""

    Config: ClassVar[type[JobConfig]] = BrokerConfig

    def body(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Be the broker."""
        if self.context.endpoints is not None:
            run_broker(self.context.endpoints, self.config.high_water_mark, stop=stop, beat=beat)


class LinkPartConfig(JobConfig):
    """Keys of the link's process."""

    federation: Json[FederationConfig]
    """As `supervisor.toml` says it, patterns of producers resolved."""
    readers: Json[tuple[MirrorReader, ...]]
    """Jobs here that read producers of other machines."""


class Link(Part[LinkPartConfig]):
    """The link to other supervisors."""

    Config: ClassVar[type[JobConfig]] = LinkPartConfig

    def body(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Be the link."""
        context, federation = self.context, self.config.federation
        keys = federation.keys or link_directory(context.run_dir)
        ensure_keys(keys)
        config = LinkConfig(
            supervisor=context.supervisor,
            keys=keys,
            listen=federation.listen,
            peers=federation.peer,
            mirror=federation.mirror,
            readers=self.config.readers,
        )
        run_link(config, context.place, context.endpoints, stop=stop, beat=beat)

    def publish_record(self, record: dict[str, Any]) -> None:
        """Leave it to the link, which publishes counters of its own on the same topic."""


def broker_part(config: SupervisorConfig) -> JobFile:
    """Return the broker's job."""
    return _part(BROKER_ID, Broker, {"high_water_mark": config.broker.high_water_mark})


def link_part(federation: FederationConfig, readers: tuple[MirrorReader, ...]) -> JobFile:
    """Return the link's job."""
    keys = {
        "federation": federation.model_dump_json(),
        "readers": json.dumps([reader.model_dump() for reader in readers]),
    }
    return _part(LINK_ID, Link, keys)


def _part(identity: str, job_type: type[Job[Any]], keys: Mapping[str, str | int]) -> JobFile:
    lines = {"type": f"{job_type.__module__}:{job_type.__qualname__}", "id": identity, **keys}
    # what JSON writes for text and integers, TOML reads alike
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
    file = f"the supervisor's own {identity}"
    return JobFile(file, text, read_job(text, file))
