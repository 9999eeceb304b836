"""Job type `statistics`: `stats.csv` with a row per job and second, `stats_remote.csv` per supervisor."""

from contextlib import ExitStack
from pathlib import Path

from pydantic import ByteSize, Field

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.jobs import Job, JobConfig
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.one_writer import one_writer
from dsa_hcal_assets.daq.shipped.csv_log import CsvLog
from dsa_hcal_assets.daq.statistics.metrics import TOPIC_PREFIX, BadRecord, JobRecord
from dsa_hcal_assets.daq.statistics.tables import Statistics


class StatisticsConfig(JobConfig):
    """Keys of the statistics' job."""

    subscribe: tuple[str, ...] = (f"{TOPIC_PREFIX}*",)
    """Topics of jobs' records."""
    directory: Path | None = None
    """Where both files are written; None: `statistics` in the run directory."""
    file_size: ByteSize = ByteSize(50_000_000)
    """Each file is turned over at this size, bytes."""
    files: int = Field(5, ge=1)
    """Older files kept."""


class StatisticsJob(Job[StatisticsConfig]):
    """Writes what all jobs say about themselves, their own supervisor's and remote ones'."""

    Config = StatisticsConfig
    _held: ExitStack | None = None

    def setup(self) -> None:
        """Take the directory for this job alone.

        Raises
        ------
        SecondWriter
            If another job writes its statistics there.
        """
        directory = self.config.directory or self.context.run_dir / "statistics"
        make_directory(directory)
        self._held = ExitStack()
        self._held.enter_context(one_writer(directory))
        self._jobs = CsvLog(directory / "stats.csv", self.config.file_size, self.config.files)
        self._supervisors = CsvLog(directory / "stats_remote.csv", self.config.file_size, self.config.files)
        self._statistics = Statistics()

    def receive(self, message: Message) -> None:
        """Take the record of a job."""
        try:
            self._statistics.take(JobRecord.from_record(decode(message)))
        except BadRecord as error:
            self.log.warning("%s on %s: %s", message.producer, message.topic, error)

    def step(self) -> None:
        """Write a row for each job and each supervisor."""
        self._jobs.append(self._statistics.job_rows())
        self._supervisors.append(self._statistics.supervisor_rows())

    def teardown(self) -> None:
        """Let go of the directory."""
        if self._held is not None:
            self._held.close()
