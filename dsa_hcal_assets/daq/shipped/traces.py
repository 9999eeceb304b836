"""Job type `traces`: keeps what other jobs tell for finding faults, as JSON lines."""

from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.daq.jobs import JobConfig, ReadingJob
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.shipped.json_lines import JsonLines


class TracesConfig(JobConfig):
    """Keys of the traces' job."""

    subscribe: tuple[str, ...] = ("trace.*",)
    """Topics of live messages it keeps."""
    directory: Path | None = None
    """Where `traces-YYYY-MM-DD.jsonl` are kept; None: `traces` in the run directory."""


class Traces(ReadingJob[TracesConfig]):
    """Writes every message it gets as a line, live ones of `subscribe` and kept ones of `[[input]]`."""

    Config = TracesConfig

    def setup(self) -> None:
        """Open the record."""
        self._record = JsonLines(self.config.directory or self.context.run_dir / "traces", "traces")

    def receive(self, message: Message) -> None:
        """Keep a live message."""
        self._record.append((message,))

    def receive_kept(self, messages: Sequence[Message]) -> None:
        """Keep messages of a stream."""
        self._record.append(messages)
